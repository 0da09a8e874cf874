/**
 * Resources that a rollout is trying out on some instances must not change under it, and nothing may
 * come to depend on one that exists only there: the other instances would refuse it.
 */
import type { ConfigKind } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import type { EntityManager } from 'typeorm';
import { HeldValueEntity } from './held-value.entity.js';

interface Changed {
  kind: string;
  id: number;
  after: object | null;
}

/** Where resources name others. */
const REFERENCES: Readonly<Partial<Record<ConfigKind, Readonly<Record<string, ConfigKind>>>>> = {
  matcher: { namespace_id: 'namespace' },
  rule: { namespace_id: 'namespace' },
  api_key: { namespace_id: 'namespace' },
  namespace: { policy_ids: 'policy' },
  target: { upstream_id: 'upstream' },
  model: { upstream_id: 'upstream' },
  route: { upstream_id: 'upstream' },
};

/** Rejects with ROLLOUT_ACTIVE when a held resource is among them, or newly named by one of them. */
export async function requireNotHeld(
  manager: EntityManager,
  changes: readonly Changed[],
): Promise<void> {
  const made = new Set(changes.filter(({ kind }) => kind === 'held_value').map(({ id }) => id));
  const others = (await manager.find(HeldValueEntity)).filter(
    ({ held_value_id }) => !made.has(held_value_id),
  );
  if (others.length === 0) return;
  const held = new Map(others.map((row) => [`${row.kind}:${row.resource_id}`, row]));
  const details = changes.flatMap((change) => {
    const same = held.get(`${change.kind}:${change.id}`);
    const named = referencesOf(change).map((key) => held.get(key));
    const blocking = same ?? named.find((row) => row?.value === null);
    if (blocking === undefined) return [];
    const message = `waits for rollout ${blocking.rollout_id}`;
    return [{ path: `${change.kind}.${change.id}`, message }];
  });
  if (details.length > 0) throw new AdminError('ROLLOUT_ACTIVE', { details });
}

function referencesOf({ kind, after }: Changed): string[] {
  const fields = Object.entries(REFERENCES[kind as ConfigKind] ?? {});
  const value = (after ?? {}) as Record<string, number | number[] | null>;
  return fields.flatMap(([field, target]) =>
    [value[field] ?? []].flat().map((id) => `${target}:${id}`),
  );
}
