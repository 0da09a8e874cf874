/**
 * The one way to write configuration: a transaction holds the change, the next revision, its rows in
 * the change log and its audit rows; after commit the new head is announced. The revision is taken
 * first, which locks the row of `config_state` until the end: writers queue up, so they never share
 * or skip a revision, and checks made within the transaction (duplicates, versions) cannot race.
 * A write within a write joins it, so any number of use cases can make one revision.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  CONFIG_VALUE_SCHEMAS,
  MAX_VALUE_BYTES,
  type ConfigHead,
  type ConfigKind,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import type { EntityManager } from 'typeorm';
import { currentActor } from '../audit/actor-context.js';
import type { AuditEvent, AuditTrail } from '../audit/audit-trail.js';
import type { Database } from '../database/database.js';
import { requireCompilable } from '../resources/compilable.js';
import { lastValues, readHead } from './change-log.js';
import { ConfigChangeEntity } from './config-change.entity.js';
import { ConfigRevisionEntity, type RevisionCause } from './config-revision.entity.js';
import { ConfigStateEntity, STATE_ID } from './config-state.entity.js';
import { requireNotHeld } from './held-values.js';
import type { HeadWatch } from './head-watch.js';
import type { ResourceTables } from './resource-tables.js';

/** What a use case gets to work with; valid until its function returns. */
export interface ConfigTransaction {
  readonly manager: EntityManager;
  /** The time all rows of this write carry. */
  readonly now: Date;
  /** The one this write makes. */
  readonly revision: number;
  /**
   * Records that a resource has a new value or, with null, is gone. The value may carry more fields
   * than gateways get; only those of its `*ConfigSchema` are published. Rejects what gateways could
   * not compile. Its audit row is written by itself.
   */
  changed(kind: ConfigKind, id: number, value: object | null): void;
  /** What was recorded so far, with the values from before. */
  changes(): Promise<ResourceChange[]>;
  /** An audit row for what is no configuration. */
  audited(event: AuditEvent): void;
}

/** What a write answers: sent as `X-Config-Revision` beside the value. */
export class Written<Value> {
  constructor(
    readonly value: Value,
    /** Null when nothing was written, as in a dry run. */
    readonly revision: number | null,
    /** Set for what was created: the resource's path. */
    readonly location: string | null = null,
  ) {}

  createdAt(location: string): Written<Value> {
    return new Written(this.value, this.revision, location);
  }
}

export interface ConfigRevisionsDeps {
  database: Database;
  heads: HeadWatch;
  audit: AuditTrail;
  tables: ResourceTables;
  clock?: () => Date;
}

export interface WriteOptions {
  cause?: RevisionCause;
  details?: object | null;
  /** True: may change what a rollout holds. */
  endsRollout?: boolean;
}

/** What a write did to one resource. */
export interface ResourceChange {
  kind: ConfigKind;
  id: number;
  before: object | null;
  after: object | null;
}

export interface Rehearsed<Value> {
  value: Value;
  changes: ResourceChange[];
}

export class ConfigRevisions {
  private readonly clock: () => Date;
  private readonly open = new AsyncLocalStorage<OpenWrite>();

  constructor(private readonly deps: ConfigRevisionsDeps) {
    this.clock = deps.clock ?? (() => new Date());
  }

  /** Options are those of the outermost write. */
  async write<Value>(
    work: (tx: ConfigTransaction) => Promise<Value>,
    options: WriteOptions = {},
  ): Promise<Written<Value>> {
    const outer = this.open.getStore();
    if (outer !== undefined && this.deps.database.isWriting) {
      return new Written(await work(outer), outer.head.revision);
    }
    const { value, head } = await this.deps.database.transaction((manager) =>
      this.run(manager, work, options),
    );
    this.deps.heads.announce(head);
    return new Written(value, head.revision);
  }

  /** Does all that `write` does and takes it back, to see whether it would pass and what it changes. */
  async rehearse<Value>(
    work: (tx: ConfigTransaction) => Promise<Value>,
  ): Promise<Rehearsed<Value>> {
    if (this.deps.database.isWriting) throw new Error('a rehearsal within a write would be kept');
    try {
      await this.deps.database.transaction(async (manager) => {
        throw new TakenBack(await this.run(manager, work, {}));
      });
    } catch (error) {
      if (error instanceof TakenBack) return error.rehearsed as Rehearsed<Value>;
      throw error;
    }
    throw new Error('a rehearsal was committed');
  }

  private async run<Value>(
    manager: EntityManager,
    work: (tx: ConfigTransaction) => Promise<Value>,
    options: WriteOptions,
  ): Promise<Rehearsed<Value> & { head: ConfigHead }> {
    const write = new OpenWrite(manager, await nextHead(manager), this.clock());
    const value = await this.open.run(write, () => work(write));
    const changes = await write.changes();
    await this.deps.tables.requireRoom(manager, changes);
    if (options.endsRollout !== true) await requireNotHeld(manager, changes);
    await manager.insert(ConfigRevisionEntity, revisionRow(write, options));
    await write.log();
    await this.deps.audit.append(manager, [...changes.map(auditOf(write.head)), ...write.events]);
    return { value, changes, head: write.head };
  }
}

/** The result of a rehearsal on its way out of the transaction it must not commit. */
class TakenBack extends Error {
  constructor(readonly rehearsed: unknown) {
    super('taken back');
  }
}

const ROWS_PER_INSERT = 500;

class OpenWrite implements ConfigTransaction {
  readonly events: AuditEvent[] = [];
  private readonly rows = new Map<string, ConfigChangeEntity>();

  constructor(
    readonly manager: EntityManager,
    readonly head: ConfigHead,
    readonly now: Date,
  ) {}

  get revision(): number {
    return this.head.revision;
  }

  changed(kind: ConfigKind, id: number, value: object | null): void {
    const row = new ConfigChangeEntity();
    row.kind = kind;
    row.resource_id = id;
    row.revision = this.head.revision;
    row.value = value === null ? null : publishable(kind, value);
    row.create_time = this.now;
    this.rows.set(`${kind}:${id}`, row);
  }

  audited(event: AuditEvent): void {
    this.events.push(event);
  }

  async changes(): Promise<ResourceChange[]> {
    const rows = [...this.rows.values()];
    const before = await lastValues(this.manager, rows);
    return rows.map(({ kind, resource_id: id, value: after }) => ({
      kind: kind as ConfigKind,
      id,
      before: before.get(`${kind}:${id}`) ?? null,
      after,
    }));
  }

  async log(): Promise<void> {
    const rows = [...this.rows.values()];
    for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
      await this.manager.insert(ConfigChangeEntity, rows.slice(start, start + ROWS_PER_INSERT));
    }
  }
}

async function nextHead(manager: EntityManager): Promise<ConfigHead> {
  await manager.increment(ConfigStateEntity, { state_id: STATE_ID }, 'revision', 1);
  return readHead(manager);
}

function revisionRow(
  { head, now }: OpenWrite,
  { cause = 'write', details = null }: WriteOptions,
): ConfigRevisionEntity {
  const { userId, username, requestId, comment } = currentActor();
  return {
    revision: head.revision,
    create_time: now,
    cause,
    actor_id: userId,
    actor_name: username,
    request_id: requestId,
    comment,
    details,
  };
}

const auditOf =
  ({ revision }: ConfigHead) =>
  ({ kind, id, before, after }: ResourceChange): AuditEvent => ({
    action: actionOf(before, after),
    objectType: kind,
    objectId: id,
    revision,
    before,
    after,
  });

export function actionOf(before: object | null, after: object | null) {
  if (before === null) return 'create';
  return after === null ? 'delete' : 'update';
}

function publishable(kind: ConfigKind, value: object): object {
  const config = CONFIG_VALUE_SCHEMAS[kind].parse(value);
  requireCompilable(kind, config);
  const bytes = Buffer.byteLength(JSON.stringify(config));
  if (bytes > MAX_VALUE_BYTES) {
    const message = `${kind} of ${bytes} bytes, at most ${MAX_VALUE_BYTES}`;
    throw new AdminError('UNPROCESSABLE', { details: [{ path: '', message }] });
  }
  return config;
}
