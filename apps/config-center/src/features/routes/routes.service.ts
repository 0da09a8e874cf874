import type { Page, Route, RouteCreate, RouteUpdate } from '@ai-gateway/contracts';
import { Injectable } from '@nestjs/common';
import { Not } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import type { ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { Dependents, ownedRows } from '../../platform/resources/dependents.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  duplicate,
  insertRow,
  requireRow,
  updateRow,
  viewOf,
} from '../../platform/resources/stored-row.js';
import { ConfigRevisions, Written } from '../../platform/revisions/config-revisions.js';
import { requireUpstreamReference } from '../upstreams/upstreams.read-model.js';
import { RouteEntity } from './route.entity.js';

@Injectable()
export class RoutesService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    dependents: Dependents,
  ) {
    const rows = { kind: 'route', idColumn: 'route_id', ownerColumn: 'upstream_id' } as const;
    dependents.register('upstream', ownedRows('routes', RouteEntity, rows));
  }

  list(query: ListQuery): Promise<Page<Route>> {
    const options = { idColumn: 'route_id', view: viewOf<RouteEntity> } as const;
    return findPage(this.database.manager, RouteEntity, query, options);
  }

  async find(id: number): Promise<Route> {
    return viewOf(await requireRow(this.database.manager, RouteEntity, { route_id: id }));
  }

  /** Idempotent: a route of the same path and name is brought to what the body says. */
  async create(body: RouteCreate): Promise<Written<Route>> {
    const { value, revision } = await this.revisions.write(async (tx) => {
      const { path, name } = body;
      await requireUpstreamReference(tx.manager, body.upstream_id);
      const existing = await tx.manager.findOneBy(RouteEntity, { path, name });
      const row =
        existing === null
          ? await insertRow(tx, RouteEntity, body)
          : await updateRow(tx, existing, { changes: body, expected: '*' });
      tx.changed('route', row.route_id, row);
      const location = existing === null ? `/api/v1/routes/${row.route_id}` : null;
      return { route: viewOf(row), location };
    });
    return new Written(value.route, revision, value.location);
  }

  update(id: number, changes: RouteUpdate, expected: ExpectedVersion): Promise<Written<Route>> {
    return this.revisions.write(async (tx) => {
      const before = await requireRow(tx.manager, RouteEntity, { route_id: id });
      if (changes.upstream_id !== undefined) {
        await requireUpstreamReference(tx.manager, changes.upstream_id);
      }
      const row = await updateRow(tx, before, { changes, expected });
      const { path, name } = row;
      const taken = await tx.manager.existsBy(RouteEntity, { path, name, route_id: Not(id) });
      if (taken) throw duplicate('path');
      tx.changed('route', id, row);
      return viewOf(row);
    });
  }

  remove(id: number, expected: ExpectedVersion): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, RouteEntity, { route_id: id });
      await deleteRow(tx, row, expected);
      tx.changed('route', id, null);
    });
  }
}
