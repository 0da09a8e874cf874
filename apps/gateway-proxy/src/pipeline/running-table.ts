/** The engine's table together with what the pipeline derives from it, once per revision. */
import type { RuntimeTable } from '@ai-gateway/gateway-engine';
import { watchKeys, type WatchedKeys } from '@ai-gateway/llm-wire';
import type { RunningSettings } from '../config/running-settings.js';

export interface RunningTable extends RuntimeTable {
  readonly settings: RunningSettings;
  readonly revisionText: string;
  /** Body fields whose place is noted and which must not appear twice. */
  readonly watchedKeys: WatchedKeys;
  /** The answer of `GET /v1/models`. Source: OpenAI API reference, "List models". */
  readonly modelsBody: Buffer;
}

export function runningTable(table: RuntimeTable, settings: RunningSettings): RunningTable {
  return {
    ...table,
    settings,
    revisionText: String(table.revision),
    watchedKeys: watchKeys(table.routingFields.bodyPaths),
    modelsBody: modelsBody(table),
  };
}

function modelsBody(table: RuntimeTable): Buffer {
  const names = table.modelList.flatMap(({ name, aliases }) => [name, ...aliases]);
  const data = names.map((id) => ({ id, object: 'model', created: 0, owned_by: 'ai-gateway' }));
  return Buffer.from(JSON.stringify({ object: 'list', data }), 'utf8');
}
