import type { Page, Target, TargetCreate, TargetUpdate } from '@ai-gateway/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import type { ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import { deleteRow, requireRow } from '../../platform/resources/stored-row.js';
import { ConfigRevisions, type Written } from '../../platform/revisions/config-revisions.js';
import { TargetRows, targetOf } from './target-rows.js';
import { TargetEntity } from './target.entity.js';
import { UpstreamEntity } from './upstream.entity.js';

@Injectable()
export class TargetsService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly rows: TargetRows,
  ) {}

  async list(upstreamId: number, query: ListQuery): Promise<Page<Target>> {
    const { manager } = this.database;
    await requireUpstream(manager, upstreamId);
    return findPage(manager, TargetEntity, query, {
      idColumn: 'target_id',
      where: { upstream_id: upstreamId },
      view: targetOf,
    });
  }

  async find(id: number): Promise<Target> {
    return targetOf(await targetRow(this.database.manager, id));
  }

  async create(upstreamId: number, body: TargetCreate): Promise<Written<Target>> {
    const written = await this.revisions.write(async (tx) => {
      await requireUpstream(tx.manager, upstreamId);
      return targetOf(await this.rows.insert(tx, upstreamId, { body }));
    });
    return written.createdAt(`/api/v1/targets/${written.value.target_id}`);
  }

  update(id: number, changes: TargetUpdate, expected: ExpectedVersion): Promise<Written<Target>> {
    return this.revisions.write(async (tx) => {
      const row = await targetRow(tx.manager, id);
      return targetOf(await this.rows.update(tx, row, { changes, expected }));
    });
  }

  remove(id: number, expected: ExpectedVersion): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      await deleteRow(tx, await targetRow(tx.manager, id), expected);
      tx.changed('target', id, null);
    });
  }
}

const targetRow = (manager: EntityManager, id: number): Promise<TargetEntity> =>
  requireRow(manager, TargetEntity, { target_id: id });

const requireUpstream = (manager: EntityManager, id: number): Promise<UpstreamEntity> =>
  requireRow(manager, UpstreamEntity, { upstream_id: id });
