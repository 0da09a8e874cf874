/** What a shared store offers so that this process can take over while it is away, and hand back. */
import type { Admission } from './admission.port.js';
import type { HeldLease } from './held-lease.js';
import type { KnownUse } from './last-known-use.js';
import type { Correction } from './settlement.js';

export interface SharedAdmission extends Admission {
  readonly keyPrefix: string;
  /** Resolves when the store takes writes; rejects or stays pending otherwise. */
  probe(): Promise<void>;
  /** The store's clock, as far as known from here. */
  storeTimeMs(): number;
  /** Use of a counter by its full key, as of the last answer. */
  lastKnownUse(key: string): KnownUse | null;
  heldLeases(): Iterable<HeldLease>;
  /** The store is away: keep settlements and leases, send nothing. */
  suspend(): void;
  /** The store is back: add what was charged meanwhile, take over leases, send what waited. */
  resume(charges: Iterable<Correction[]>, leases: Iterable<HeldLease>): void;
}
