/** Writes that are prepared, checked as often as one likes, and published as one revision. */
import type {
  BatchOperation,
  Draft,
  DraftCreate,
  DraftUpdate,
  DraftValidation,
  Page,
} from '@ai-gateway/contracts';
import { AdminError, type Principal } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import type { ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  insertRow,
  requireRow,
  updateRow,
  viewOf,
} from '../../platform/resources/stored-row.js';
import { changeListOf } from '../../platform/revisions/change-view.js';
import {
  ConfigRevisions,
  Written,
  type ConfigTransaction,
} from '../../platform/revisions/config-revisions.js';
import { BatchRunner } from '../batch/batch.runner.js';
import { requireConfigurationOnly } from '../batch/configuration-only.js';
import { RolloutsService } from '../rollouts/rollouts.service.js';
import { requireNoSecrets } from './draft-secrets.js';
import { DraftEntity } from './draft.entity.js';

@Injectable()
export class DraftsService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly rollouts: RolloutsService,
    private readonly batch: BatchRunner,
  ) {}

  list(query: ListQuery): Promise<Page<Draft>> {
    const options = { idColumn: 'draft_id', view: draftOf } as const;
    return findPage(this.database.manager, DraftEntity, query, options);
  }

  async find(id: number): Promise<Draft> {
    return draftOf(await requireRow(this.database.manager, DraftEntity, { draft_id: id }));
  }

  async create(body: DraftCreate): Promise<Written<Draft>> {
    requireKeepable(body.operations);
    const written = await this.revisions.write(async (tx) => {
      const values = { ...body, state: 'open', published_revision: null };
      const row = await insertRow(tx, DraftEntity, values);
      tx.audited({ action: 'create', objectType: 'draft', objectId: row.draft_id, after: row });
      return draftOf(row);
    });
    return written.createdAt(`/api/v1/drafts/${written.value.draft_id}`);
  }

  async update(
    id: number,
    changes: DraftUpdate,
    expected: ExpectedVersion,
  ): Promise<Written<Draft>> {
    requireKeepable(changes.operations ?? []);
    return this.revisions.write(async (tx) => {
      const row = await requireOpen(tx, id);
      const before = Object.assign({}, row);
      const after = await updateRow(tx, row, { changes, expected });
      tx.audited({ action: 'update', objectType: 'draft', objectId: id, before, after });
      return draftOf(after);
    });
  }

  remove(id: number, expected: ExpectedVersion): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, DraftEntity, { draft_id: id });
      const before = Object.assign({}, row);
      await deleteRow(tx, row, expected);
      tx.audited({ action: 'delete', objectType: 'draft', objectId: id, before });
    });
  }

  /** What publishing would change now. Rejects as publishing would. */
  async validate(id: number, principal: Principal | null): Promise<DraftValidation> {
    const { changes } = await this.revisions.rehearse(async (tx) => {
      const { operations } = await requireOpen(tx, id);
      await this.batch.run(operations, { principal, cause: 'draft' });
    });
    return { valid: true, ...changeListOf(changes) };
  }

  /** @param groups instances that run it first; null: everybody at once */
  publish(
    id: number,
    groups: readonly string[] | null,
    principal: Principal | null,
  ): Promise<Written<Draft>> {
    return this.revisions.write(
      async (tx) => {
        const row = await requireOpen(tx, id);
        const change = () => this.batch.run(row.operations, { principal, cause: 'draft' });
        if (groups === null) await change();
        else await this.rollouts.begin(groups, change);
        const changes = { state: 'published', published_revision: tx.revision };
        return draftOf(await updateRow(tx, row, { changes, expected: '*' }));
      },
      { cause: groups === null ? 'draft' : 'rollout', details: { draft_id: id, groups } },
    );
  }
}

async function requireOpen({ manager }: ConfigTransaction, id: number): Promise<DraftEntity> {
  const row = await requireRow(manager, DraftEntity, { draft_id: id });
  if (row.state === 'open') return row;
  throw new AdminError('CONFLICT', {
    details: [{ path: 'state', message: 'is published already' }],
  });
}

function requireKeepable(operations: readonly BatchOperation[]): void {
  requireConfigurationOnly(operations);
  requireNoSecrets(operations);
}

const draftOf = (row: DraftEntity): Draft => viewOf(row);
