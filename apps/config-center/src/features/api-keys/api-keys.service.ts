/**
 * API keys. A key is made here and shown in the answer to its creation only; what is stored and
 * published is its digest.
 */
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
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
import { Dependents } from '../../platform/resources/dependents.js';
import { findPage, type ListQuery } from '../../platform/resources/list-page.js';
import {
  deleteRow,
  insertRow,
  requireReference,
  requireRow,
  updateRow,
} from '../../platform/resources/stored-row.js';
import {
  ConfigRevisions,
  Written,
  type ConfigTransaction,
} from '../../platform/revisions/config-revisions.js';
import { SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import { NamespaceEntity } from '../namespaces/namespace.entity.js';
import { ApiKeyEntity } from './api-key.entity.js';

const KIND = 'api_key';

@Injectable()
export class ApiKeysService implements OnModuleInit {
  private readonly digestOf: (key: string) => string;

  constructor(
    private readonly database: Database,
    private readonly revisions: ConfigRevisions,
    private readonly dependents: Dependents,
    @Inject(SETTINGS) { masterKey }: Settings,
  ) {
    this.digestOf = createApiKeyDigest(masterKey);
  }

  onModuleInit(): void {
    this.dependents.register('namespace', {
      name: 'api_keys',
      count: (manager, namespace_id) => manager.countBy(ApiKeyEntity, { namespace_id }),
      removeAll,
    });
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
      await requireNamespace(tx.manager, body.namespace_id);
      const row = await insertRow(tx, ApiKeyEntity, { ...columnsOf(body), ...secret });
      tx.changed(KIND, row.key_id, configOf(row));
      return { ...keyView(row), key };
    });
    return new Written(value, revision, `/api/v1/api-keys/${value.key_id}`);
  }

  update(keyId: number, body: ApiKeyUpdate, expected: ExpectedVersion): Promise<Written<ApiKey>> {
    return this.revisions.write(async (tx) => {
      const row = await requireRow(tx.manager, ApiKeyEntity, { key_id: keyId });
      await requireNamespace(tx.manager, body.namespace_id ?? null);
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

async function removeAll(tx: ConfigTransaction, namespace_id: number): Promise<void> {
  for (const row of await tx.manager.findBy(ApiKeyEntity, { namespace_id })) {
    // Removing takes the id off the row.
    tx.changed(KIND, row.key_id, null);
    await tx.manager.remove(row);
  }
}

async function requireNamespace(manager: EntityManager, namespaceId: number | null): Promise<void> {
  if (namespaceId === null) return;
  const where = { namespace_id: namespaceId };
  await requireReference(manager, NamespaceEntity, { where, path: 'namespace_id' });
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
