/**
 * What the shared store last said, in case it goes away: its clock against this process's monotonic
 * one, and the use of each counter. Bounded: the counters learnt first are forgotten first.
 */
export interface KnownUse {
  readonly units: number;
  /** Store time. */
  readonly atMs: number;
}

const MAX_KNOWN = 20_000;

export class LastKnownUse {
  private readonly uses = new Map<string, { units: number; atMs: number }>();
  private offsetMs = performance.timeOrigin;

  /** @param used units by key, as of `atMs` (store time) */
  learn(keys: readonly string[], used: readonly number[], atMs: number): void {
    this.offsetMs = atMs - performance.now();
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] ?? '';
      const units = used[index] ?? 0;
      const known = this.uses.get(key);
      if (known === undefined) this.remember(key, units, atMs);
      else {
        known.units = units;
        known.atMs = atMs;
      }
    }
  }

  /** The store's clock as far as known; this machine's before the first answer. */
  storeTimeMs(): number {
    return Math.floor(performance.now() + this.offsetMs);
  }

  of(key: string): KnownUse | null {
    return this.uses.get(key) ?? null;
  }

  private remember(key: string, units: number, atMs: number): void {
    this.uses.set(key, { units, atMs });
    if (this.uses.size <= MAX_KNOWN) return;
    for (const oldest of this.uses.keys()) {
      this.uses.delete(oldest);
      return;
    }
  }
}
