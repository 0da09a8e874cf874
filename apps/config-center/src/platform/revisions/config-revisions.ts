/**
 * The one way to write configuration: a transaction holds the change, the next revision and its rows
 * in the change log; after commit the new head is announced. The revision is taken first, which
 * locks the row of `config_state` until the end: writers queue up, so they never share or skip a
 * revision, and checks made within the transaction (duplicates, versions) cannot race.
 */
import { CONFIG_VALUE_SCHEMAS, type ConfigHead, type ConfigKind } from '@ai-gateway/contracts';
import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import { requireCompilable } from '../resources/compilable.js';
import { readHead } from './change-log.js';
import { ConfigChangeEntity } from './config-change.entity.js';
import { ConfigStateEntity, STATE_ID } from './config-state.entity.js';
import type { HeadWatch } from './head-watch.js';

/** What a use case gets to work with; valid until its function returns. */
export interface ConfigTransaction {
  readonly manager: EntityManager;
  /** The time all rows of this write carry. */
  readonly now: Date;
  /**
   * Records that a resource has a new value or, with null, is gone. The value may carry more fields
   * than gateways get; only those of its `*ConfigSchema` are published. Rejects what gateways could
   * not compile.
   */
  changed(kind: ConfigKind, id: number, value: object | null): void;
}

/** What a write answers: sent as `X-Config-Revision` beside the value. */
export class Written<Value> {
  constructor(
    readonly value: Value,
    readonly revision: number,
    /** Set for what was created: the resource's path. */
    readonly location: string | null = null,
  ) {}

  createdAt(location: string): Written<Value> {
    return new Written(this.value, this.revision, location);
  }
}

export class ConfigRevisions {
  constructor(
    private readonly database: Database,
    private readonly heads: HeadWatch,
    private readonly clock: () => Date = () => new Date(),
  ) {}

  async write<Value>(work: (tx: ConfigTransaction) => Promise<Value>): Promise<Written<Value>> {
    const { value, head } = await this.database.transaction(async (manager) => {
      const head = await nextHead(manager);
      const now = this.clock();
      const changes = new Map<string, ConfigChangeEntity>();
      const changed: ConfigTransaction['changed'] = (kind, id, next) => {
        changes.set(`${kind}:${id}`, changeRow({ kind, id, next, head, now }));
      };
      const value = await work({ manager, now, changed });
      await manager.insert(ConfigChangeEntity, [...changes.values()]);
      return { value, head };
    });
    this.heads.announce(head);
    return new Written(value, head.revision);
  }
}

async function nextHead(manager: EntityManager): Promise<ConfigHead> {
  await manager.increment(ConfigStateEntity, { state_id: STATE_ID }, 'revision', 1);
  return readHead(manager);
}

interface ChangeParts {
  kind: ConfigKind;
  id: number;
  next: object | null;
  head: ConfigHead;
  now: Date;
}

function changeRow({ kind, id, next, head, now }: ChangeParts): ConfigChangeEntity {
  const row = new ConfigChangeEntity();
  row.kind = kind;
  row.resource_id = id;
  row.revision = head.revision;
  row.value = next === null ? null : publishable(kind, next);
  row.create_time = now;
  return row;
}

function publishable(kind: ConfigKind, value: object): object {
  const config = CONFIG_VALUE_SCHEMAS[kind].parse(value);
  requireCompilable(kind, config);
  return config;
}
