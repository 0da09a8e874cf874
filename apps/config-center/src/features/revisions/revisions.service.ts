/**
 * Revisions to look at, compare and go back to. Going back is a new revision like any other. API keys
 * stay as they are: going back must not bring a revoked credential to life again.
 */
import type {
  Comparison,
  ConfigKind,
  Page,
  Revision,
  RevisionDetail,
  RollbackResult,
} from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { findPage, timeRange, type ListQuery } from '../../platform/resources/list-page.js';
import { requireRow } from '../../platform/resources/stored-row.js';
import { oldestRevision, readHead } from '../../platform/revisions/change-log.js';
import { changeListOf, nameOf } from '../../platform/revisions/change-view.js';
import { ConfigRevisionEntity } from '../../platform/revisions/config-revision.entity.js';
import {
  ConfigRevisions,
  Written,
  type ConfigTransaction,
  type ResourceChange,
} from '../../platform/revisions/config-revisions.js';
import {
  changesBetween,
  changesOfRevisions,
  type LoggedChange,
} from '../../platform/revisions/revision-history.js';
import { StateRestorer } from '../../platform/revisions/state-restorer.js';

export interface RevisionQuery extends ListQuery {
  from?: string | undefined;
  to?: string | undefined;
}

const LISTED_RESOURCES = 20;
const KEPT_AS_THEY_ARE = new Set<ConfigKind>(['api_key', 'held_value']);

@Injectable()
export class RevisionsService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly restorer: StateRestorer,
  ) {}

  async list({ from, to, ...query }: RevisionQuery): Promise<Page<Revision>> {
    const { manager } = this.database;
    const page = await findPage(manager, ConfigRevisionEntity, query, {
      idColumn: 'revision',
      where: timeRange('create_time', from, to),
      view: (row) => row,
    });
    const listed = page.items.map(({ revision }) => revision);
    const changes = Map.groupBy(
      await changesOfRevisions(manager, listed),
      ({ revision }) => revision,
    );
    const items = page.items.map((row) => viewOf(row, changes.get(row.revision) ?? []));
    return { ...page, items };
  }

  async find(revision: number): Promise<RevisionDetail> {
    const { manager } = this.database;
    const row = await requireRow(manager, ConfigRevisionEntity, { revision });
    const changes = await changesOfRevisions(manager, [revision]);
    return { ...viewOf(row, changes), ...changeListOf(changes) };
  }

  async compare(from: number, to: number): Promise<Comparison> {
    await this.requireKept(from);
    await this.requireKept(to);
    return { from, to, ...changeListOf(await changesBetween(this.database.manager, from, to)) };
  }

  async rollBack(revision: number, dryRun: boolean): Promise<Written<RollbackResult>> {
    await this.requireKept(revision);
    const work = async (tx: ConfigTransaction) => {
      const differences = await changesBetween(tx.manager, tx.revision, revision);
      const back = differences.filter(isGoneBackOn);
      await this.restorer.restore(tx, back);
      return back;
    };
    const result = (made: number | null, back: readonly ResourceChange[]): RollbackResult => ({
      revision: made,
      rolled_back_to: revision,
      ...changeListOf(back),
    });
    if (dryRun) {
      const { value } = await this.revisions.rehearse(work);
      return new Written(result(null, value), null);
    }
    const details = { rolled_back_to: revision };
    const written = await this.revisions.write(work, { cause: 'rollback', details });
    return new Written(result(written.revision, written.value), written.revision);
  }

  /** Also the state that the oldest revision started from; before the first write all was empty. */
  private async requireKept(revision: number): Promise<void> {
    const { manager } = this.database;
    if (revision === 0) return;
    const { revision: newest } = await readHead(manager);
    if (revision <= newest && revision + 1 >= (await oldestRevision(manager))) return;
    throw new AdminError('NOT_FOUND');
  }
}

const isGoneBackOn = ({ kind }: ResourceChange): boolean => !KEPT_AS_THEY_ARE.has(kind);

function viewOf(row: ConfigRevisionEntity, changes: readonly LoggedChange[]): Revision {
  return Object.assign({}, row, {
    create_time: row.create_time.toISOString(),
    changes_total: changes.length,
    resources: changes.slice(0, LISTED_RESOURCES).map(nameOf),
  });
}
