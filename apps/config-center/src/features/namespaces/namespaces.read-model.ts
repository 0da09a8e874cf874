/** What other features may ask about namespaces, within their own transactions. */
import { AdminError } from '@ai-gateway/nest-runtime';
import type { EntityManager } from 'typeorm';
import { requireReference, requireRow } from '../../platform/resources/stored-row.js';
import { NamespaceEntity } from './namespace.entity.js';

/** Rejects with NOT_FOUND: the namespace stands in the path of the request. */
export async function requireNamespace(manager: EntityManager, id: number): Promise<void> {
  if (await manager.existsBy(NamespaceEntity, { namespace_id: id })) return;
  throw new AdminError('NOT_FOUND', {
    details: [{ path: 'namespace_id', message: 'does not exist' }],
  });
}

/** Rejects with UNPROCESSABLE when a body's `namespace_id` names none. */
export const requireNamespaceReference = (manager: EntityManager, id: number): Promise<void> =>
  requireReference(manager, NamespaceEntity, { where: { namespace_id: id }, path: 'namespace_id' });

/** Rejects with NOT_FOUND. */
export async function policyIdsOfNamespace(manager: EntityManager, id: number): Promise<number[]> {
  return (await requireRow(manager, NamespaceEntity, { namespace_id: id })).policy_ids;
}

export async function namespaceIdOfCode(
  manager: EntityManager,
  code: string,
): Promise<number | null> {
  const row = await manager.findOneBy(NamespaceEntity, { namespace_code: code });
  return row?.namespace_id ?? null;
}

export const hasDefaultNamespace = (manager: EntityManager): Promise<boolean> =>
  manager.existsBy(NamespaceEntity, { is_default: true });
