/** Resources that a rollout is trying out on some instances must not change under it. */
import { AdminError } from '@ai-gateway/nest-runtime';
import type { EntityManager } from 'typeorm';
import { HeldValueEntity } from './held-value.entity.js';

interface Changed {
  kind: string;
  id: number;
}

/** Rejects with ROLLOUT_ACTIVE when a held resource is among them. */
export async function requireNotHeld(
  manager: EntityManager,
  changes: readonly Changed[],
): Promise<void> {
  const made = new Set(changes.filter(({ kind }) => kind === 'held_value').map(({ id }) => id));
  const held = await manager.find(HeldValueEntity);
  const keys = new Map(
    held
      .filter(({ held_value_id }) => !made.has(held_value_id))
      .map((row) => [`${row.kind}:${row.resource_id}`, row.rollout_id]),
  );
  const details = changes.flatMap(({ kind, id }) => {
    const rollout = keys.get(`${kind}:${id}`);
    return rollout === undefined
      ? []
      : [{ path: `${kind}.${id}`, message: `changes with rollout ${rollout}` }];
  });
  if (details.length > 0) throw new AdminError('ROLLOUT_ACTIVE', { details });
}
