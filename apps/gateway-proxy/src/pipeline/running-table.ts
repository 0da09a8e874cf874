/** The engine's table together with what the pipeline derives from it, once per revision. */
import type { RuntimeTable } from '@ai-gateway/gateway-engine';
import { watchKeys, type WatchedKeys } from '@ai-gateway/llm-wire';
import type { ConfiguredModels } from '@ai-gateway/tokenizer';
import type { RunningSettings } from '../config/running-settings.js';

export interface RunningTable extends RuntimeTable {
  readonly settings: RunningSettings;
  /** How the tokens of a model are counted. */
  readonly tokenModels: ConfiguredModels;
  readonly revisionText: string;
  /** Body fields whose place is noted and which must not appear twice. */
  readonly watchedKeys: WatchedKeys;
  /** The answer of `GET /v1/models`. Source: OpenAI API reference, "List models". */
  readonly modelsBody: Buffer;
}

/** @param before an earlier table, to take over what was derived from the same; null: none */
export function runningTable(
  table: RuntimeTable,
  { settings, tokenModels }: Pick<RunningTable, 'settings' | 'tokenModels'>,
  before: RunningTable | null,
): RunningTable {
  const { bodyPaths } = table.routingFields;
  const hasSamePaths = before?.routingFields.bodyPaths === bodyPaths;
  const hasSameModels = before?.modelList === table.modelList;
  return {
    ...table,
    settings,
    tokenModels,
    revisionText: String(table.revision),
    watchedKeys: hasSamePaths ? before.watchedKeys : watchKeys(bodyPaths),
    modelsBody: hasSameModels ? before.modelsBody : modelsBody(table),
  };
}

function modelsBody(table: RuntimeTable): Buffer {
  const names = table.modelList.flatMap(({ name, aliases }) => [name, ...aliases]);
  const data = names.map((id) => ({ id, object: 'model', created: 0, owned_by: 'ai-gateway' }));
  return Buffer.from(JSON.stringify({ object: 'list', data }), 'utf8');
}
