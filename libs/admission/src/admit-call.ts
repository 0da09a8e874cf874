/**
 * The decisions of one namespace on their way to the store: one script call. Each counter is named
 * once however many requests it takes, so that a call grows by two arguments per request. A request
 * that sees a counter by another limit's value than those before it (an edited rule) needs a call of
 * its own: the script reads each counter once, under one limit.
 */
import type { AdmitDecision, AdmitRequest } from './admission.port.js';
import { costOf, counterKey, type CounterPlanner, type PlannedCounter } from './counter-plan.js';
import type { FlatAnswer } from './decision.js';

export interface WaitingAdmit {
  readonly request: AdmitRequest;
  readonly reservationId: string;
  readonly resolve: (decision: AdmitDecision) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds how long one call holds up the store's other clients. */
export const MAX_DECISIONS_PER_CALL = 32;
const MAX_KEYS_PER_CALL = 64;

export interface AnsweredCall {
  readonly decided: readonly { readonly admit: WaitingAdmit; readonly answer: FlatAnswer }[];
  /** Units used after the call, by key. */
  readonly units: readonly number[];
  readonly storeTimeMs: number;
}

interface Decision {
  readonly admit: WaitingAdmit;
  /** Where its counters' keys stand in the call. */
  readonly places: readonly number[];
  /** The counters with their costs, as admit.lua reads them. */
  readonly uses: string;
}

export class AdmitCall {
  readonly keys: string[] = [];
  private readonly plans: PlannedCounter[] = [];
  private readonly decisions: Decision[] = [];

  constructor(private readonly planner: CounterPlanner) {}

  get size(): number {
    return this.decisions.length;
  }

  /** @returns false: the request must go into a call after this one */
  add(admit: WaitingAdmit): boolean {
    const { limits, namespaceId, inputTokens, outputTokens } = admit.request;
    const known = this.keys.length;
    const places: number[] = [];
    let uses = '';
    for (const { limit, scope } of limits) {
      for (const plan of this.planner.of(limit, namespaceId)) {
        const place = this.placeOf(plan, counterKey(plan, scope));
        if (place === -1 || (place >= MAX_KEYS_PER_CALL && this.size > 0)) {
          this.keys.length = this.plans.length = known;
          return false;
        }
        places.push(place);
        uses += `${place + 1} ${costOf(plan.measure, inputTokens, outputTokens)} `;
      }
    }
    this.decisions.push({ admit, places, uses });
    return true;
  }

  /** Keys, then arguments, as admit.lua takes them. */
  command(leaseArg: string): string[] {
    const command = this.keys.slice();
    command.push(leaseArg);
    for (const { shape } of this.plans) command.push(shape);
    for (const { admit, uses } of this.decisions) command.push(admit.reservationId, uses);
    return command;
  }

  *waiting(): Generator<WaitingAdmit> {
    for (const { admit } of this.decisions) yield admit;
  }

  /** Takes the script's answer apart. */
  answers(flat: FlatAnswer): AnsweredCall {
    const units: number[] = [];
    let from = 0;
    const decided = this.decisions.map(({ admit, places }) => {
      const answer = flat.slice(from, from + 2 + places.length * 2);
      from += answer.length;
      for (const [i, place] of places.entries()) units[place] = answer[i * 2 + 2] ?? 0;
      return { admit, answer };
    });
    return { decided, units, storeTimeMs: flat[1] ?? 0 };
  }

  /** -1 if an earlier request sees this counter by another limit. */
  private placeOf(plan: PlannedCounter, key: string): number {
    const place = this.keys.indexOf(key);
    if (place >= 0 && this.plans[place] === plan) return place;
    if (place >= 0 && this.size > 0) return -1;
    this.plans.push(plan);
    return this.keys.push(key) - 1;
  }
}
