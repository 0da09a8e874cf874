/** Reads the configuration as revisions: the head, what changed since, everything alive. */
import type { ConfigChange, ConfigFeed, ConfigHead } from '@ai-gateway/contracts';
import type { EntityManager } from 'typeorm';
import type { Database } from '../database/database.js';
import { ConfigChangeEntity } from './config-change.entity.js';
import { ConfigStateEntity, STATE_ID } from './config-state.entity.js';

const IDS_PER_QUERY = 500;

export class ChangeLog {
  constructor(private readonly database: Database) {}

  head(manager: EntityManager = this.database.manager): Promise<ConfigHead> {
    return readHead(manager);
  }

  /**
   * What `since` lacks: the last change of each resource since then, or everything when `since` is
   * null, of another epoch or ahead of this database.
   */
  async feedSince(since: ConfigHead | null): Promise<ConfigFeed> {
    const head = await this.head();
    const knows = since !== null && since.epoch === head.epoch && since.revision <= head.revision;
    const changes = await this.lastChanges(knows ? since.revision : 0, head.revision);
    return knows
      ? { ...head, type: 'delta', changes }
      : { ...head, type: 'full', changes: changes.filter(({ value }) => value !== null) };
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
    const rows = await this.database.manager.findBy(ConfigChangeEntity, { revision });
    return rows.map(toChange);
  }

  /** The upper bound keeps out what is committed while this reads, so the feed fits its head. */
  private async lastChanges(after: number, upTo: number): Promise<ConfigChange[]> {
    const rows = await this.database.manager
      .createQueryBuilder(ConfigChangeEntity, 'change')
      .where('change.revision > :after AND change.revision <= :upTo', { after, upTo })
      .andWhere(
        `NOT EXISTS (SELECT 1 FROM config_changes later WHERE later.kind = change.kind
           AND later.resource_id = change.resource_id
           AND later.revision > change.revision AND later.revision <= :upTo)`,
        { upTo },
      )
      .orderBy('change.revision')
      .addOrderBy('change.change_id')
      .getMany();
    return rows.map(toChange);
  }
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
        .where('change.kind = :kind AND change.resource_id IN (:...ids)', { kind, ids })
        .andWhere(
          `NOT EXISTS (SELECT 1 FROM config_changes later WHERE later.kind = change.kind
             AND later.resource_id = change.resource_id AND later.revision > change.revision)`,
        )
        .getMany();
      for (const row of rows) values.set(`${kind}:${row.resource_id}`, row.value);
    }
  }
  return values;
}

const toChange = ({ kind, resource_id, revision, value }: ConfigChangeEntity): ConfigChange => ({
  kind,
  id: resource_id,
  revision,
  value,
});
