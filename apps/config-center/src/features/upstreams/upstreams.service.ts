import type { Page, Upstream, UpstreamCreate, UpstreamUpdate } from '@ai-gateway/contracts';
import { Injectable } from '@nestjs/common';
import { In, Not, type EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { checkVersion, type ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { Dependents } from '../../platform/resources/dependents.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  duplicate,
  insertRow,
  requireRow,
  updateRow,
  viewOf,
} from '../../platform/resources/stored-row.js';
import {
  ConfigRevisions,
  type ConfigTransaction,
  type Written,
} from '../../platform/revisions/config-revisions.js';
import { TargetRows, targetOf } from './target-rows.js';
import { TargetEntity } from './target.entity.js';
import { UpstreamEntity } from './upstream.entity.js';

@Injectable()
export class UpstreamsService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly dependents: Dependents,
    private readonly targetRows: TargetRows,
  ) {}

  async list(query: ListQuery): Promise<Page<Upstream>> {
    const { manager } = this.database;
    const page = await findPage(manager, UpstreamEntity, query, {
      idColumn: 'upstream_id',
      view: (row) => row,
    });
    return { ...page, items: await withTargets(manager, page.items) };
  }

  async find(id: number): Promise<Upstream> {
    const { manager } = this.database;
    return upstreamOf(manager, await upstreamRow(manager, id));
  }

  async create(body: UpstreamCreate): Promise<Written<Upstream>> {
    const written = await this.revisions.write((tx) => this.insert(tx, body));
    return written.createdAt(`/api/v1/upstreams/${written.value.upstream_id}`);
  }

  async insert(tx: ConfigTransaction, { targets, ...body }: UpstreamCreate): Promise<Upstream> {
    await refuseTakenCode(tx.manager, body.upstream_code, 0);
    const row = await insertRow(tx, UpstreamEntity, body);
    tx.changed('upstream', row.upstream_id, row);
    for (const [index, target] of targets.entries()) {
      const path = `targets.${index}.`;
      await this.targetRows.insert(tx, row.upstream_id, { body: target, path });
    }
    return upstreamOf(tx.manager, row);
  }

  update(
    id: number,
    changes: UpstreamUpdate,
    expected: ExpectedVersion,
  ): Promise<Written<Upstream>> {
    return this.revisions.write(async (tx) => {
      const before = await upstreamRow(tx.manager, id);
      const row = await updateRow(tx, before, { changes, expected });
      await refuseTakenCode(tx.manager, row.upstream_code, id);
      tx.changed('upstream', id, row);
      return upstreamOf(tx.manager, row);
    });
  }

  /** An upstream's own targets always go with it; models and routes that name it must not exist. */
  remove(id: number, expected: ExpectedVersion, cascade: boolean): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await upstreamRow(tx.manager, id);
      checkVersion(row.version, expected);
      await this.dependents.release(tx, 'upstream', { id, cascade });
      await removeTargets(tx, id);
      await deleteRow(tx, row, expected);
      tx.changed('upstream', id, null);
    });
  }
}

const upstreamRow = (manager: EntityManager, id: number): Promise<UpstreamEntity> =>
  requireRow(manager, UpstreamEntity, { upstream_id: id });

async function upstreamOf(manager: EntityManager, row: UpstreamEntity): Promise<Upstream> {
  const [upstream] = await withTargets(manager, [row]);
  return upstream as Upstream;
}

/** One query for the targets of a whole page. */
async function withTargets(
  manager: EntityManager,
  rows: readonly UpstreamEntity[],
): Promise<Upstream[]> {
  const targets = await manager.find(TargetEntity, {
    where: { upstream_id: In(rows.map((row) => row.upstream_id)) },
    order: { target_id: 'ASC' },
  });
  return rows.map((row) => ({
    ...viewOf(row),
    targets: targets.filter(({ upstream_id }) => upstream_id === row.upstream_id).map(targetOf),
  }));
}

async function removeTargets(tx: ConfigTransaction, upstreamId: number): Promise<void> {
  const targets = await tx.manager.findBy(TargetEntity, { upstream_id: upstreamId });
  for (const { target_id } of targets) tx.changed('target', target_id, null);
  await tx.manager.remove(targets);
}

async function refuseTakenCode(manager: EntityManager, code: string, ownId: number): Promise<void> {
  const where = { upstream_code: code, upstream_id: Not(ownId) };
  if (await manager.existsBy(UpstreamEntity, where)) throw duplicate('upstream_code');
}
