/**
 * Appends to the audit trail. A change and its rows share a transaction: no audit, no change. The
 * head row is locked first, so appenders queue up and the chain has no forks, over all instances.
 */
import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import { currentActor, type Actor } from './actor-context.js';
import { hashOf, type ChainedContent } from './audit-chain.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import { AUDIT_HEAD_ID, AuditHeadEntity } from './audit-head.entity.js';
import { shownValue } from './shown-value.js';

export interface AuditEvent {
  /** A verb: create, update, delete, login_failed, denied … */
  action: string;
  objectType: string;
  objectId?: number | null;
  /** Absent: done. Else the code of the error that refused it. */
  outcome?: string;
  revision?: number | null;
  before?: object | null;
  after?: object | null;
  /** Absent: who acts now. */
  actor?: Actor;
}

const ROWS_PER_INSERT = 200;

export class AuditTrail {
  constructor(
    private readonly database: Database,
    private readonly key: Buffer,
    private readonly clock: () => Date = () => new Date(),
  ) {}

  /** Within the transaction of what happened. */
  async append(manager: EntityManager, events: readonly AuditEvent[]): Promise<void> {
    if (events.length === 0) return;
    const where = { head_id: AUDIT_HEAD_ID };
    await manager.increment(AuditHeadEntity, where, 'last_seq', events.length);
    const head = await manager.findOneByOrFail(AuditHeadEntity, where);
    const rows = this.chained(events, {
      seq: head.last_seq - events.length,
      hash: head.last_hash,
    });
    for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
      await manager.insert(AuditEntryEntity, rows.slice(start, start + ROWS_PER_INSERT));
    }
    await manager.update(AuditHeadEntity, where, { last_hash: rows.at(-1)?.hash ?? '' });
  }

  /** What happened by itself, such as a refused attempt. */
  record(event: AuditEvent): Promise<void> {
    return this.database.transaction((manager) => this.append(manager, [event]));
  }

  private chained(
    events: readonly AuditEvent[],
    after: { seq: number; hash: string },
  ): AuditEntryEntity[] {
    const time = this.clock();
    let { seq, hash } = after;
    return events.map((event) => {
      seq += 1;
      const content: ChainedContent = { ...contentOf(event), seq, time, previous_hash: hash };
      hash = hashOf(this.key, content);
      return { ...content, hash };
    });
  }
}

function contentOf(event: AuditEvent): Omit<ChainedContent, 'seq' | 'time' | 'previous_hash'> {
  const actor = event.actor ?? currentActor();
  return {
    actor_id: actor.userId,
    actor_name: actor.username,
    actor_address: actor.address,
    request_id: actor.requestId,
    action: event.action,
    object_type: event.objectType,
    object_id: event.objectId ?? null,
    outcome: event.outcome ?? 'done',
    revision: event.revision ?? null,
    before_value: event.before ? shownValue(event.before) : null,
    after_value: event.after ? shownValue(event.after) : null,
  };
}
