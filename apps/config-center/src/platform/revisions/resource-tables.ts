/**
 * Which table holds the resources of a kind. Features own their tables; here they are only counted,
 * and written as a whole when the configuration goes back to an earlier state.
 */
import { MAX_RESOURCES, type ConfigKind } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import type { EntityManager, EntityTarget } from 'typeorm';
import type { StoredEntity } from '../database/stored.entity.js';

interface ResourceTable {
  readonly entity: EntityTarget<StoredEntity>;
  readonly idColumn: string;
}

export type TableOfKind = Readonly<Record<ConfigKind, ResourceTable>>;

interface Changed {
  kind: ConfigKind;
  before: object | null;
  after: object | null;
}

export class ResourceTables {
  constructor(
    readonly byKind: TableOfKind,
    private readonly caps: Readonly<Record<ConfigKind, number>> = MAX_RESOURCES,
  ) {}

  /** Rejects with CAP_EXCEEDED when a kind that grew has more resources than gateways take. */
  async requireRoom(manager: EntityManager, changes: readonly Changed[]): Promise<void> {
    const grown = new Set(
      changes.filter(({ before, after }) => before === null && after !== null).map(kindOf),
    );
    for (const kind of grown) {
      const count = await manager.count(this.byKind[kind].entity);
      if (count <= this.caps[kind]) continue;
      const message = `at most ${this.caps[kind]} of kind ${kind}`;
      throw new AdminError('CAP_EXCEEDED', { details: [{ path: '', message }] });
    }
  }
}

const kindOf = ({ kind }: Changed): ConfigKind => kind;
