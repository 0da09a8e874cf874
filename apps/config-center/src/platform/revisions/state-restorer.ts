/**
 * Brings resources back to values they had, with the ids they had, as part of a write. Rows are
 * removed and put in again rather than updated one by one: two that swap a unique name could not be
 * updated in any order. References are therefore checked at the end, by compiling what results, as
 * a gateway would.
 */
import { CONFIG_KINDS, CONFIG_VALUE_SCHEMAS, type ConfigKind } from '@ai-gateway/contracts';
import { compileConfig, type ConfigResources } from '@ai-gateway/gateway-engine';
import { AdminError } from '@ai-gateway/nest-runtime';
import { In, type EntityManager } from 'typeorm';
import type { DatabaseKind } from '../database/database.js';
import type { StoredEntity } from '../database/stored.entity.js';
import { liveValues } from './revision-history.js';
import type { ConfigTransaction, ResourceChange } from './config-revisions.js';
import type { ResourceTables } from './resource-tables.js';

const ROWS_PER_STATEMENT = 200;
const MAX_DETAILS = 20;

export class StateRestorer {
  constructor(
    private readonly tables: ResourceTables,
    private readonly databaseKind: DatabaseKind,
  ) {}

  /** @param changes to make; `after` is what each resource is to be again */
  async restore(tx: ConfigTransaction, changes: readonly ResourceChange[]): Promise<void> {
    await this.withoutReferences(tx.manager, async () => {
      for (const [kind, ofKind] of Map.groupBy(changes, (change) => change.kind)) {
        await this.restoreKind(tx, kind, ofKind);
      }
    });
    await this.requireWhole(tx.manager, changes);
    for (const { kind, id, after } of changes) tx.changed(kind, id, after);
  }

  private async restoreKind(
    { manager, now }: ConfigTransaction,
    kind: ConfigKind,
    changes: readonly ResourceChange[],
  ): Promise<void> {
    const { entity, idColumn } = this.tables.byKind[kind];
    const present = new Map<number, StoredEntity>();
    // All go before any comes back: a name may move between rows that are far apart.
    for (const chunk of chunksOf(changes)) {
      const where = { [idColumn]: In(chunk.map(({ id }) => id)) };
      for (const row of await manager.findBy(entity, where)) present.set(idOf(row, idColumn), row);
      await manager.delete(entity, where);
    }
    const alive = changes.filter(({ after }) => after !== null);
    for (const chunk of chunksOf(alive)) {
      const rows = chunk.map((change) => rowOf(change, present.get(change.id), now));
      await manager.insert(entity, rows);
    }
  }

  /** Keys that point to rows which are away for a moment are no error; what stays dangling is. */
  private async withoutReferences(manager: EntityManager, work: () => Promise<void>) {
    if (this.databaseKind === 'sqlite') {
      await manager.query('PRAGMA defer_foreign_keys = ON');
      return work();
    }
    await manager.query('SET SESSION foreign_key_checks = 0');
    try {
      await work();
    } finally {
      await manager.query('SET SESSION foreign_key_checks = 1');
    }
  }

  /** What was wrong before may stay wrong; nothing else may become so. */
  private async requireWhole(
    manager: EntityManager,
    changes: readonly ResourceChange[],
  ): Promise<void> {
    const live = await liveValues(manager);
    const before = resourcesOf(live);
    for (const { kind, id, after } of changes)
      live.set(`${kind}:${id}`, { kind, id, value: after });
    const broken = problemsOf(resourcesOf(live));
    if (broken.length === 0) return;
    const known = new Set(problemsOf(before).map(({ path }) => path));
    const details = broken.filter(({ path }) => !known.has(path)).slice(0, MAX_DETAILS);
    if (details.length > 0) throw new AdminError('UNPROCESSABLE', { details });
  }
}

const problemsOf = (resources: ConfigResources) =>
  compileConfig(resources, { epoch: '', revision: 0 }).problems.map(({ kind, id, reason }) => ({
    path: `${kind}.${id}`,
    message: reason,
  }));

function resourcesOf(values: Awaited<ReturnType<typeof liveValues>>): ConfigResources {
  const maps = new Map(CONFIG_KINDS.map((kind) => [kind, new Map<number, unknown>()]));
  for (const { kind, id, value } of values.values()) {
    const parsed = CONFIG_VALUE_SCHEMAS[kind as ConfigKind].safeParse(value);
    if (value !== null && parsed.success) maps.get(kind as ConfigKind)?.set(id, parsed.data);
  }
  return Object.fromEntries(maps) as unknown as ConfigResources;
}

const chunksOf = (changes: readonly ResourceChange[]): ResourceChange[][] =>
  Array.from({ length: Math.ceil(changes.length / ROWS_PER_STATEMENT) }, (_, index) =>
    changes.slice(index * ROWS_PER_STATEMENT, (index + 1) * ROWS_PER_STATEMENT),
  );

const idOf = (row: StoredEntity, idColumn: string): number =>
  (row as unknown as Record<string, number>)[idColumn] as number;

/**
 * Later versions may have added columns; the schema's defaults fill them. What is not published stays
 * as it is, for example which numbers of rules a policy has given. Rejects with UNPROCESSABLE what
 * was written past the API and is no such resource.
 */
function rowOf(
  { kind, id, after }: ResourceChange,
  present: StoredEntity | undefined,
  now: Date,
): StoredEntity {
  const { data: config } = CONFIG_VALUE_SCHEMAS[kind].safeParse(after);
  if (config === undefined) {
    const details = [{ path: `${kind}.${id}`, message: 'was not valid at that time' }];
    throw new AdminError('UNPROCESSABLE', { details });
  }
  return Object.assign({}, present, config, {
    version: (present?.version ?? 0) + 1,
    create_time: present?.create_time ?? now,
    update_time: now,
  });
}
