/**
 * API keys. A key is made here and shown in the answer to its creation only; what is stored and
 * published is its digest.
 */
import { Inject, Injectable } from '@nestjs/common';
import {
  API_KEY_PREFIX,
  type ApiKey,
  type ApiKeyConfig,
  type ApiKeyCreate,
  type ApiKeyCreated,
  type ApiKeyUpdate,
  type Page,
} from '@ai-gateway/contracts';
import { createApiKeyDigest, newApiKey } from '@ai-gateway/node-runtime';
import type { EntityManager } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import type { ExpectedVersion } from '../../platform/http/if-match.decorator.js';
import { Dependents, ownedRows } from '../../platform/resources/dependents.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  insertRow,
  requireRow,
  updateRow,
} from '../../platform/resources/stored-row.js';
import { ConfigRevisions, Written } from '../../platform/revisions/config-revisions.js';
import { SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { requireNamespaceReference } from '../namespaces/namespaces.read-model.js';
import { ApiKeyEntity } from './api-key.entity.js';

const KIND = 'api_key';

@Injectable()
export class ApiKeysService {
  private readonly digestOf: (key: string) => string;

  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    dependents: Dependents,
    @Inject(SETTINGS) { masterKey }: Settings,
  ) {
    const rows = { kind: KIND, idColumn: 'key_id', ownerColumn: 'namespace_id' } as const;
    dependents.register('namespace', ownedRows('api_keys', ApiKeyEntity, rows));
    this.digestOf = createApiKeyDigest(masterKey);
  }

  list(query: ListQuery): Promise<Page<ApiKey>> {
    const options = { idColumn: 'key_id', view: keyView } as const;
    return findPage(this.database.manager, ApiKeyEntity, query, options);
  }

  async get(keyId: number): Promise<ApiKey> {
    return keyView(await requireRow(this.database.manager, ApiKeyEntity, { key_id: keyId }));
  }

  async create(body: ApiKeyCreate): Promise<Written<ApiKeyCreated>> {
    const key = newApiKey();
    const secret = { digest: this.digestOf(key), hint: `${API_KEY_PREFIX}…${key.slice(-4)}` };
    const { value, revision } = await this.revisions.write(async (tx) => {
      await requireOwner(tx.manager, body.namespace_id);
      const row = await insertRow(tx, ApiKeyEntity, { ...columnsOf(body), ...secret });
      tx.changed(KIND, row.key_id, configOf(row));
      return { ...keyView(row), key };
    });
    return new Written(value, revision, `/api/v1/api-keys/${value.key_id}`);
  }

  update(keyId: number, body: ApiKeyUpdate, expected: ExpectedVersion): Promise<Written<ApiKey>> {
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, ApiKeyEntity, { key_id: keyId });
      await requireOwner(tx.manager, body.namespace_id);
      const updated = await updateRow(tx, row, { changes: columnsOf(body), expected });
      tx.changed(KIND, keyId, configOf(updated));
      return keyView(updated);
    });
  }

  delete(keyId: number, expected: ExpectedVersion): Promise<Written<undefined>> {
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, ApiKeyEntity, { key_id: keyId });
      await deleteRow(tx, row, expected);
      tx.changed(KIND, keyId, null);
      return undefined;
    });
  }
}

async function requireOwner(manager: EntityManager, id: number | null | undefined): Promise<void> {
  if (typeof id === 'number') await requireNamespaceReference(manager, id);
}

const columnsOf = ({ expires_at, ...body }: ApiKeyUpdate): object =>
  expires_at === undefined ? body : { ...body, expires_at: dateOf(expires_at) };

const dateOf = (time: string | null): Date | null => (time === null ? null : new Date(time));

const fieldsOf = (row: ApiKeyEntity) => ({
  key_id: row.key_id,
  key_name: row.key_name,
  namespace_id: row.namespace_id,
  expires_at: row.expires_at?.toISOString() ?? null,
  status: row.status,
});

const configOf = (row: ApiKeyEntity): ApiKeyConfig => ({ ...fieldsOf(row), digest: row.digest });

const keyView = (row: ApiKeyEntity): ApiKey => ({
  ...fieldsOf(row),
  hint: row.hint,
  version: row.version,
  create_time: row.create_time.toISOString(),
  update_time: row.update_time.toISOString(),
});
