import type { Model, ModelCreate, ModelUpdate, Page } from '@ai-gateway/contracts';
import { Injectable } from '@nestjs/common';
import { Not, type EntityManager } from 'typeorm';
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
import {
  ConfigRevisions,
  type ConfigTransaction,
  type Written,
} from '../../platform/revisions/config-revisions.js';
import { requireUpstreamReference } from '../upstreams/upstreams.read-model.js';
import { ModelEntity } from './model.entity.js';

@Injectable()
export class ModelsService {
  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    dependents: Dependents,
  ) {
    const rows = { kind: 'model', idColumn: 'model_id', ownerColumn: 'upstream_id' } as const;
    dependents.register('upstream', ownedRows('models', ModelEntity, rows));
  }

  list(query: ListQuery): Promise<Page<Model>> {
    const options = { idColumn: 'model_id', view: viewOf<ModelEntity> } as const;
    return findPage(this.database.manager, ModelEntity, query, options);
  }

  async find(id: number): Promise<Model> {
    return viewOf(await requireRow(this.database.manager, ModelEntity, { model_id: id }));
  }

  async create(body: ModelCreate): Promise<Written<Model>> {
    const written = await this.revisions.write((tx) => this.insert(tx, body));
    return written.createdAt(`/api/v1/models/${written.value.model_id}`);
  }

  async insert(tx: ConfigTransaction, body: ModelCreate): Promise<Model> {
    await requireUpstreamReference(tx.manager, body.upstream_id);
    await refuseTakenNames(tx.manager, body, 0);
    const row = await insertRow(tx, ModelEntity, body);
    tx.changed('model', row.model_id, row);
    return viewOf(row);
  }

  update(id: number, changes: ModelUpdate, expected: ExpectedVersion): Promise<Written<Model>> {
    return this.revisions.write(async (tx) => {
      const before = await requireRow(tx.manager, ModelEntity, { model_id: id });
      if (changes.upstream_id !== undefined) {
        await requireUpstreamReference(tx.manager, changes.upstream_id);
      }
      const row = await updateRow(tx, before, { changes, expected });
      await refuseTakenNames(tx.manager, row, id);
      tx.changed('model', id, row);
      return viewOf(row);
    });
  }

  remove(id: number, expected: ExpectedVersion): Promise<Written<void>> {
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, ModelEntity, { model_id: id });
      await deleteRow(tx, row, expected);
      tx.changed('model', id, null);
    });
  }
}

/** A name or alias leads to one model; models are few, so all are looked at. */
async function refuseTakenNames(
  manager: EntityManager,
  { model_name, aliases }: Pick<ModelEntity, 'model_name' | 'aliases'>,
  ownId: number,
): Promise<void> {
  const others = await manager.findBy(ModelEntity, { model_id: Not(ownId) });
  const taken = new Set(others.flatMap((other) => [other.model_name, ...other.aliases]));
  if (taken.has(model_name)) throw duplicate('model_name');
  aliases.forEach((alias, index) => {
    if (taken.has(alias) || alias === model_name || aliases.indexOf(alias) !== index) {
      throw duplicate(`aliases.${index}`);
    }
  });
}
