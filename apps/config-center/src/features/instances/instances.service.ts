/** The matrix of instances: who runs which revision, and how it is. */
import type { Instance, InstanceList, InstanceState } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Injectable } from '@nestjs/common';
import { In } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import type { ListQuery } from '../../platform/resources/list-page.js';
import { ConfigRevisionEntity } from '../../platform/revisions/config-revision.entity.js';
import { HeadWatch } from '../../platform/revisions/head-watch.js';
import { DigestHistory } from './digest-history.js';
import type { InstanceRecord } from './instance-record.js';
import { InstanceRegistry } from './instance-registry.js';
import { firstLacking, viewOf } from './instance-view.js';

export interface InstancesQuery extends ListQuery {
  state?: InstanceState | undefined;
  group?: string | undefined;
}

/** How long a list waits for a database that may be away. */
const MAX_READ_MS = 500;

@Injectable()
export class InstancesService {
  constructor(
    private readonly database: Database,
    private readonly registry: InstanceRegistry,
    private readonly heads: HeadWatch,
    private readonly digests: DigestHistory,
  ) {}

  async list({ page, size, sort, state, group }: InstancesQuery): Promise<InstanceList> {
    const { instances, isFresh } = await this.all();
    const found = instances
      .filter((each) => state === undefined || each.state === state)
      .filter((each) => group === undefined || each.groups.includes(group))
      .sort(inOrderOf(sort));
    const { head } = this.heads;
    return {
      items: found.slice((page - 1) * size, page * size),
      total: found.length,
      page,
      size,
      head: head && { ...head, digest: this.digests.digestAt(head) },
      from_memory: !isFresh,
    };
  }

  /** The newest process of that name. */
  async find(id: string): Promise<Instance> {
    const { instances } = await this.all();
    const instance = instances.find(({ instance_id }) => instance_id === id);
    if (instance === undefined) throw new AdminError('NOT_FOUND');
    return instance;
  }

  private async all(): Promise<{ instances: Instance[]; isFresh: boolean }> {
    const isFresh = (await within(MAX_READ_MS, this.registry.refresh(0))) && this.registry.isShared;
    const current = this.registry.current();
    const standpoint = {
      nowMs: Date.now(),
      head: this.heads.head,
      digestAt: this.digests.digestAt.bind(this.digests),
      current,
      madeAtMs: isFresh ? await this.timesOf(current) : new Map<number, number>(),
    };
    return { instances: current.map((record) => viewOf(record, standpoint)), isFresh };
  }

  /** When the revisions were made that instances lack first. */
  private async timesOf(records: readonly InstanceRecord[]): Promise<Map<number, number>> {
    const { head } = this.heads;
    const lacking = new Set(records.flatMap(({ report }) => firstLacking(report, head) ?? []));
    if (lacking.size === 0) return new Map();
    const rows = await this.database.manager
      .findBy(ConfigRevisionEntity, { revision: In([...lacking]) })
      .catch(() => []);
    return new Map(rows.map(({ revision, create_time }) => [revision, create_time.getTime()]));
  }
}

/** True when the work ended in time. */
async function within(limitMs: number, work: Promise<void>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), limitMs);
  const inTime = await Promise.race([work.then(() => true), late.promise]);
  clearTimeout(timer);
  return inTime;
}

type Sortable = 'instance_id' | 'last_seen_at' | 'revision' | 'lag_revisions';

function inOrderOf(sort: string): (a: Instance, b: Instance) => number {
  const descends = sort.startsWith('-');
  const field = (descends ? sort.slice(1) : sort) as Sortable;
  return (a, b) => {
    const difference = compare(a[field] ?? 0, b[field] ?? 0);
    return (descends ? -difference : difference) || compare(a.instance_id, b.instance_id);
  };
}

function compare(a: string | number, b: string | number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
