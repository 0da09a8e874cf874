/** What other features may ask about policies, within their own transactions. */
import { policyConfigSchema, type PolicyConfig } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { In, type EntityManager } from 'typeorm';
import { PolicyEntity } from './policy.entity.js';

/** Rejects with UNPROCESSABLE when a body's `policy_ids` names one that does not exist. */
export async function requirePolicies(
  manager: EntityManager,
  ids: readonly number[],
): Promise<void> {
  const known = await policiesById(manager, ids);
  const details = ids.flatMap((id, index) =>
    known.has(id) ? [] : [{ path: `policy_ids.${index}`, message: 'does not exist' }],
  );
  if (details.length > 0) throw new AdminError('UNPROCESSABLE', { details });
}

export async function policiesById(
  manager: EntityManager,
  ids: readonly number[],
): Promise<Map<number, PolicyConfig>> {
  if (ids.length === 0) return new Map();
  const rows = await manager.findBy(PolicyEntity, { policy_id: In([...ids]) });
  return new Map(rows.map((row) => [row.policy_id, policyConfigSchema.parse(row)]));
}
