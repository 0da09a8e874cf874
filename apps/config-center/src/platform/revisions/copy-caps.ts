/**
 * What is more than gateways take never reaches the copy: each of them would read all of it to refuse
 * it, and Redis, which also holds the counters, would stand still for that.
 */
import { MAX_RESOURCES, type ConfigChange } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';

/** @throws AdminError CAP_EXCEEDED when these resources, which are all, are too many of a kind */
export function requireWithinCaps(resources: readonly ConfigChange[]): void {
  const counts = new Map<string, number>();
  for (const { kind } of resources) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const details = Object.entries(MAX_RESOURCES).flatMap(([kind, cap]) => {
    const count = counts.get(kind) ?? 0;
    return count > cap ? [{ path: kind, message: `${count}, more than the ${cap} allowed` }] : [];
  });
  if (details.length > 0) throw new AdminError('CAP_EXCEEDED', { details });
}

export const isOverCap = (error: unknown): error is AdminError =>
  error instanceof AdminError && error.code === 'CAP_EXCEEDED';
