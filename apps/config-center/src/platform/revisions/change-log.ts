/** Reads the configuration as revisions: the head, what changed since, everything alive. */
import type { ConfigChange, ConfigFeed, ConfigHead } from '@ai-gateway/contracts';
import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import { ConfigChangeEntity } from './config-change.entity.js';
import { changePages } from './change-pages.js';
import { loggedObject } from './logged-value.js';
import { ConfigRevisionEntity } from './config-revision.entity.js';
import { ConfigStateEntity, STATE_ID } from './config-state.entity.js';

const IDS_PER_QUERY = 500;

/** A feed whose changes are read while it is written. */
export interface PagedFeed extends Omit<ConfigFeed, 'changes'> {
  /** Names the content: equal for equal content. */
  readonly key: string;
  readonly pages: () => AsyncGenerator<readonly ConfigChange[]>;
}

export class ChangeLog {
  constructor(private readonly database: Database) {}

  head(manager: EntityManager = this.database.manager): Promise<ConfigHead> {
    return readHead(manager);
  }

  /**
   * What `since` lacks: the last change of each resource since then, or everything when `since` is
   * null, of another epoch, ahead of this database or older than its history.
   */
  async feedSince(since: ConfigHead | null): Promise<ConfigFeed> {
    const { epoch, revision, type, pages } = await this.openFeed(since);
    const changes: ConfigChange[] = [];
    for await (const page of pages()) changes.push(...page);
    return { epoch, revision, type, changes };
  }

  /** The same, read page by page. */
  async openFeed(since: ConfigHead | null): Promise<PagedFeed> {
    const head = await this.head();
    const knows =
      since !== null &&
      since.epoch === head.epoch &&
      since.revision <= head.revision &&
      since.revision + 1 >= (await oldestRevision(this.database.manager));
    return this.paged(head, knows ? since.revision : null);
  }

  /**
   * Everything as it was at a revision of the current epoch; null when that is still to come, or so
   * old that its values may be gone.
   */
  async openFeedAt(revision: number): Promise<PagedFeed | null> {
    const { epoch, revision: newest } = await this.head();
    const oldest = await oldestRevision(this.database.manager);
    const isKept = revision <= newest && revision + 1 >= oldest;
    return isKept ? this.paged({ epoch, revision }, null) : null;
  }

  private paged(head: ConfigHead, since: number | null): PagedFeed {
    const { manager } = this.database;
    const range = { after: since ?? 0, upTo: head.revision, liveOnly: since === null };
    return {
      ...head,
      type: since === null ? 'full' : 'delta',
      key: `${head.epoch} ${since ?? 'full'} ${head.revision}`,
      pages: () => changePages(manager, range),
    };
  }

  /** How many resources of each kind are alive. */
  async sizes(): Promise<Record<string, number>> {
    const rows = await this.database.manager
      .createQueryBuilder(ConfigChangeEntity, 'change')
      .select('change.kind', 'kind')
      .addSelect('COUNT(*)', 'size')
      .where('change.value IS NOT NULL')
      .andWhere(
        `NOT EXISTS (SELECT 1 FROM config_changes later WHERE later.kind = change.kind
           AND later.resource_id = change.resource_id AND later.revision > change.revision)`,
      )
      .groupBy('change.kind')
      .getRawMany<{ kind: string; size: number | string }>();
    return Object.fromEntries(rows.map(({ kind, size }) => [kind, Number(size)]));
  }

  /** All changes of one revision. */
  async changesOf(revision: number): Promise<ConfigChange[]> {
    const range = { after: revision - 1, upTo: revision, liveOnly: false };
    const changes: ConfigChange[] = [];
    for await (const page of changePages(this.database.manager, range)) changes.push(...page);
    return changes;
  }
}

/** The log is complete from here on; older values may be gone. */
export async function oldestRevision(manager: EntityManager): Promise<number> {
  return (await manager.minimum(ConfigRevisionEntity, 'revision')) ?? 0;
}

export async function readHead(manager: EntityManager): Promise<ConfigHead> {
  const { epoch, revision } = await manager.findOneByOrFail(ConfigStateEntity, {
    state_id: STATE_ID,
  });
  return { epoch, revision };
}

/** What resources were before a write: their last value in the log, by `kind:id`. */
export async function lastValues(
  manager: EntityManager,
  resources: readonly Pick<ConfigChangeEntity, 'kind' | 'resource_id'>[],
): Promise<Map<string, object | null>> {
  const values = new Map<string, object | null>();
  for (const [kind, ofKind] of Map.groupBy(resources, (resource) => resource.kind)) {
    for (let start = 0; start < ofKind.length; start += IDS_PER_QUERY) {
      const ids = ofKind.slice(start, start + IDS_PER_QUERY).map((row) => row.resource_id);
      const rows = await manager
        .createQueryBuilder(ConfigChangeEntity, 'change')
        .select('change.resource_id', 'resource_id')
        .addSelect('change.value', 'value')
        .where('change.kind = :kind AND change.resource_id IN (:...ids)', { kind, ids })
        .andWhere(
          `NOT EXISTS (SELECT 1 FROM config_changes later WHERE later.kind = change.kind
             AND later.resource_id = change.resource_id AND later.revision > change.revision)`,
        )
        .getRawMany<{ resource_id: number; value: unknown }>();
      for (const { resource_id, value } of rows) {
        values.set(`${kind}:${resource_id}`, loggedObject(value));
      }
    }
  }
  return values;
}
