/** A lease on its way between the shared store and this process's own. */
import type { PlannedCounter } from './counter-plan.js';

export interface HeldLease {
  /** Reservation id. */
  readonly id: string;
  readonly key: string;
  readonly plan: PlannedCounter;
  /** Until its longest age. */
  readonly leftMs: number;
}
