/**
 * A change that some instance groups run first. It is made for real, so ids and the admin API are
 * those of the new configuration; for everybody else each resource it touched is held at its old
 * value. Promotion lets go of the held values, abandoning puts them back. Rejected: a configuration
 * per group, whose ids and revisions would differ from what is published in the end.
 */
import type { ConfigKind, Page, Rollout } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import { insertRow, requireRow, updateRow, viewOf } from '../../platform/resources/stored-row.js';
import {
  ConfigRevisions,
  type ConfigTransaction,
  type ResourceChange,
  type Written,
} from '../../platform/revisions/config-revisions.js';
import { HeldValueEntity } from '../../platform/revisions/held-value.entity.js';
import { requireNotHeld } from '../../platform/revisions/held-values.js';
import { StateRestorer } from '../../platform/revisions/state-restorer.js';
import { RolloutEntity, type RolloutState } from './rollout.entity.js';

/** Credentials take effect everywhere at once. */
const NEVER_HELD = new Set<ConfigKind>(['api_key', 'held_value']);

@Injectable()
export class RolloutsService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly restorer: StateRestorer,
  ) {}

  async list(query: ListQuery): Promise<Page<Rollout>> {
    const { manager } = this.database;
    const page = await findPage(manager, RolloutEntity, query, {
      idColumn: 'rollout_id',
      view: (row) => row,
    });
    const items = await Promise.all(page.items.map((row) => rolloutOf(manager, row)));
    return { ...page, items };
  }

  async find(id: number): Promise<Rollout> {
    const { manager } = this.database;
    return rolloutOf(manager, await requireRow(manager, RolloutEntity, { rollout_id: id }));
  }

  /** @param change makes its writes within this one */
  async begin(
    groups: readonly string[],
    change: () => Promise<unknown>,
  ): Promise<Written<Rollout>> {
    const written = await this.revisions.write(
      async (tx) => {
        await change();
        const changes = await tx.changes();
        await requireNotHeld(tx.manager, changes);
        const row = await insertRow(tx, RolloutEntity, {
          revision: tx.revision,
          instance_groups: groups,
          state: 'active',
          ended_revision: null,
        });
        for (const each of changes) await this.hold(tx, row, each);
        return rolloutOf(tx.manager, row);
      },
      { cause: 'rollout', details: { groups } },
    );
    return written.createdAt(`/api/v1/rollouts/${written.value.rollout_id}`);
  }

  /** Everybody runs the new values from now on. */
  promote(id: number): Promise<Written<Rollout>> {
    return this.end(id, 'promoted', () => Promise.resolve());
  }

  /** Everybody runs the old values again. */
  abandon(id: number): Promise<Written<Rollout>> {
    return this.end(id, 'abandoned', (tx, held) => this.restorer.restore(tx, held.map(wayBack)));
  }

  private async hold(
    tx: ConfigTransaction,
    { rollout_id, instance_groups: groups }: RolloutEntity,
    { kind, id: resource_id, before: value }: ResourceChange,
  ): Promise<void> {
    if (NEVER_HELD.has(kind)) {
      const details = [{ path: kind, message: 'cannot be rolled out by groups' }];
      throw new AdminError('UNPROCESSABLE', { details });
    }
    const held = { rollout_id, groups, kind, resource_id, value };
    const row = await insertRow(tx, HeldValueEntity, held);
    tx.changed('held_value', row.held_value_id, row);
  }

  private end(
    id: number,
    state: RolloutState,
    change: (tx: ConfigTransaction, held: HeldValueEntity[]) => Promise<void>,
  ): Promise<Written<Rollout>> {
    const cause = state === 'promoted' ? 'promotion' : 'abandonment';
    return this.revisions.write(
      async (tx) => {
        const { manager } = tx;
        const row = await requireRow(manager, RolloutEntity, { rollout_id: id });
        if (row.state !== 'active') throw endedAlready(row);
        const held = await manager.findBy(HeldValueEntity, { rollout_id: id });
        await change(tx, held);
        for (const { held_value_id } of held) tx.changed('held_value', held_value_id, null);
        await manager.remove(held);
        const changes = { state, ended_revision: tx.revision };
        return rolloutOf(manager, await updateRow(tx, row, { changes, expected: '*' }));
      },
      { cause, details: { rollout_id: id }, endsRollout: true },
    );
  }
}

const wayBack = ({ kind, resource_id: id, value }: HeldValueEntity): ResourceChange => ({
  kind: kind as ConfigKind,
  id,
  before: null,
  after: value,
});

const endedAlready = ({ state }: RolloutEntity): AdminError =>
  new AdminError('CONFLICT', { details: [{ path: 'state', message: `is ${state} already` }] });

async function rolloutOf(manager: EntityManager, row: RolloutEntity): Promise<Rollout> {
  const held = await manager.findBy(HeldValueEntity, { rollout_id: row.rollout_id });
  const { instance_groups: groups, ...rest } = viewOf(row);
  const resources = held.map(({ kind, resource_id: id }) => ({ kind, id }));
  return { ...rest, groups, resources };
}
