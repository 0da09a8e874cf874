/**
 * Keeps the history bounded: the last `keep` revisions stay whole, of what is older only the values
 * that are still in force. The oldest row of `config_revisions` says how far back the log is
 * complete; a reader from before that gets a full feed. A run takes from the log what an earlier run
 * has put before that point, so a reader that was let in has the whole period between to finish.
 */
import { In, LessThan } from 'typeorm';
import type { Database } from '../database/database.js';
import { ConfigChangeEntity } from './config-change.entity.js';
import { ConfigRevisionEntity } from './config-revision.entity.js';
import { oldestRevision, readHead } from './change-log.js';

const ROWS_PER_CHUNK = 500;

export class ChangeLogPruner {
  constructor(
    private readonly database: Database,
    private readonly keep: number,
  ) {}

  /** Returns how many rows of the change log went. */
  async prune(signal: AbortSignal): Promise<number> {
    const { manager } = this.database;
    const pruned = await this.pruneChanges(await oldestRevision(manager), signal);
    const { revision } = await readHead(manager);
    await this.pruneRevisions(revision - this.keep + 1, signal);
    return pruned;
  }

  private async pruneChanges(floor: number, signal: AbortSignal): Promise<number> {
    let pruned = 0;
    for (let after = 0; !signal.aborted;) {
      const ids = await this.superseded(floor, after);
      if (ids.length === 0) break;
      await this.database.transaction((manager) =>
        manager.delete(ConfigChangeEntity, { change_id: In(ids) }),
      );
      pruned += ids.length;
      after = ids.at(-1) ?? after;
    }
    return pruned;
  }

  private async pruneRevisions(floor: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const old = await this.database.manager.find(ConfigRevisionEntity, {
        select: { revision: true },
        where: { revision: LessThan(floor) },
        order: { revision: 'ASC' },
        take: ROWS_PER_CHUNK,
      });
      if (old.length === 0) return;
      await this.database.transaction((manager) =>
        manager.delete(ConfigRevisionEntity, { revision: In(old.map((row) => row.revision)) }),
      );
    }
  }

  /** Older than the floor, and no part of the state it starts from. */
  private async superseded(floor: number, after: number): Promise<number[]> {
    const rows = await this.database.manager
      .createQueryBuilder(ConfigChangeEntity, 'change')
      .select('change.change_id', 'change_id')
      .where('change.change_id > :after AND change.revision < :floor', { after, floor })
      .andWhere(
        `(change.value IS NULL OR EXISTS (SELECT 1 FROM config_changes later
           WHERE later.kind = change.kind AND later.resource_id = change.resource_id
           AND later.revision > change.revision AND later.revision < :floor))`,
      )
      .orderBy('change.change_id')
      .limit(ROWS_PER_CHUNK)
      .getRawMany<{ change_id: number }>();
    return rows.map(({ change_id }) => change_id);
  }
}
