/**
 * Chooses a target of an upstream. What it remembers (turns, requests in flight) lives outside the
 * table, keyed by id, so that balancing goes on evenly when the table is compiled again.
 */
import type { CompiledTarget, CompiledUpstream } from './upstream.compiler.js';

/** The memory of one gateway process. */
export class BalancerState {
  readonly #turns = new Map<number, number>();
  readonly #inFlight = new Map<number, number>();

  /** Requests this process has under way at a target. */
  inFlight(targetId: number): number {
    return this.#inFlight.get(targetId) ?? 0;
  }

  /** Call before sending to a target; every call needs its `ended`. */
  started(targetId: number): void {
    this.#inFlight.set(targetId, this.inFlight(targetId) + 1);
  }

  ended(targetId: number): void {
    const left = this.inFlight(targetId) - 1;
    if (left > 0) this.#inFlight.set(targetId, left);
    else this.#inFlight.delete(targetId);
  }

  /** 0, 1, 2 … per upstream. */
  turn(upstreamId: number): number {
    return this.#turns.get(upstreamId) ?? 0;
  }

  advance(upstreamId: number): void {
    this.#turns.set(upstreamId, (this.turn(upstreamId) + 1) % Number.MAX_SAFE_INTEGER);
  }
}

const NONE: ReadonlySet<number> = new Set();

/**
 * @param random uniform in [0, 1)
 * @param tried targets this request has been sent to already; they are not chosen again, and the
 *   turns of later requests don't move, so that retries don't unbalance first tries
 * @returns null when no target is left
 */
export function chooseTarget(
  upstream: CompiledUpstream,
  state: BalancerState,
  random: () => number,
  tried: ReadonlySet<number> = NONE,
): CompiledTarget | null {
  const isFirstTry = tried.size === 0;
  const targets = isFirstTry
    ? upstream.targets
    : upstream.targets.filter(({ id }) => !tried.has(id));
  if (targets.length === 0) return null;
  const turn = state.turn(upstream.id);
  if (isFirstTry) state.advance(upstream.id);
  switch (upstream.algorithm) {
    case 'round_robin':
      return targets[turn % targets.length] ?? null;
    case 'weighted_random':
      return byWeight(targets, random());
    case 'least_connections':
      return leastLoaded(targets, state, turn);
  }
}

function byWeight(targets: readonly CompiledTarget[], point: number): CompiledTarget | null {
  let rest = point * targets.reduce((sum, { weight }) => sum + weight, 0);
  for (const target of targets) {
    rest -= target.weight;
    if (rest < 0) return target;
  }
  return targets.at(-1) ?? null;
}

/** Requests in flight per weight; among equals the turn decides, so that idle targets share. */
function leastLoaded(
  targets: readonly CompiledTarget[],
  state: BalancerState,
  turn: number,
): CompiledTarget | null {
  let best: CompiledTarget | null = null;
  let bestLoad = Infinity;
  for (let i = 0; i < targets.length; i += 1) {
    const target = targets[(turn + i) % targets.length];
    if (target === undefined) continue;
    const load = (state.inFlight(target.id) + 1) / target.weight;
    if (load >= bestLoad) continue;
    best = target;
    bestLoad = load;
  }
  return best;
}
