/**
 * Limits counted in this process: the whole store of a single gateway, and what stands behind the
 * shared store while that is away.
 *
 * Bounds: as published in the Redis adapter's head comment, over this process alone.
 * Memory: a counter exists from its first charge until its span is empty; every decision looks at a
 * few counters and drops idle ones, so no pause grows with their number (a periodic sweep over all
 * was rejected for that). Over `maxCounters` the oldest is dropped, whatever it holds: the process
 * stays up and the callers with the newest scopes are still counted.
 */
import type { CompiledLimit } from '@ai-gateway/gateway-engine';
import type {
  Admission,
  AdmitDecision,
  AdmitRequest,
  CounterReader,
  CounterState,
  Reservation,
  SpanAddress,
  TokenUsage,
} from './admission.port.js';
import { costOf, CounterPlanner, KIND, type PlannedCounter } from './counter-plan.js';
import { counterState, spanOf } from './counter-state.js';
import { decisionFrom } from './decision.js';
import {
  LeaseCounter,
  LevelCounter,
  WindowCounter,
  type MemoryCounter,
  type SpanCounter,
} from './memory-counters.js';
import { createReservationIds } from './reservation-id.js';
import { settlementOf, type Correction } from './settlement.js';
import type { HeldLease } from './held-lease.js';

export interface MemoryAdmissionOptions {
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly instanceId?: string;
  readonly keyPrefix?: string;
  /** Default 100,000. */
  readonly maxCounters?: number;
  /** What a new span counter starts with. */
  readonly seedOf?: (key: string) => { readonly units: number; readonly atMs: number } | null;
}

interface Entry {
  plan: PlannedCounter;
  readonly lease: LeaseCounter | null;
  readonly span: SpanCounter | null;
  readonly counter: MemoryCounter;
}

const DEFAULT_MAX_COUNTERS = 100_000;
const SWEPT_PER_DECISION = 2;

export class MemoryAdmission implements Admission, CounterReader {
  readonly mode = 'local';
  private readonly planner: CounterPlanner;
  private readonly entries = new Map<string, Entry>();
  private readonly nextId: () => string;
  /** Unsettled reservations, oldest first; bounded like the counters. */
  private readonly open = new Set<string>();
  private readonly maxCounters: number;
  private sweep = this.entries.entries();

  constructor(private readonly options: MemoryAdmissionOptions) {
    this.planner = new CounterPlanner(options.keyPrefix ?? '');
    this.nextId = createReservationIds(options.instanceId ?? 'local');
    this.maxCounters = options.maxCounters ?? DEFAULT_MAX_COUNTERS;
  }

  admit(request: AdmitRequest): Promise<AdmitDecision> {
    return Promise.resolve(this.decide(request));
  }

  settle(reservation: Reservation, usage: TokenUsage): void {
    if (!this.open.delete(reservation.id)) return;
    const nowMs = this.options.clock();
    const { id, leaseKeys, corrections } = settlementOf(reservation, usage, this.planner);
    for (const key of leaseKeys) this.entries.get(key)?.lease?.release(id);
    for (const { key, counter, delta, atMs } of corrections) {
      this.entryOf(key, counter).span?.correct(counter, delta, atMs, nowMs);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  read(namespaceId: number, limit: CompiledLimit, scope: string): Promise<CounterState[]> {
    const nowMs = this.options.clock();
    const states = this.planner.of(limit, namespaceId).map((plan): CounterState => {
      const entry = this.entries.get(plan.keyHead + scope);
      const used = entry?.lease?.count(nowMs) ?? entry?.counter.used(plan, nowMs) ?? 0;
      return counterState(plan, used, nowMs);
    });
    return Promise.resolve(states);
  }

  add(address: SpanAddress, amount: number): Promise<number> {
    const plan = spanOf(this.planner, address);
    if (plan === undefined) return Promise.resolve(0);
    const nowMs = this.options.clock();
    const { span } = this.entryOf(plan.keyHead + address.scope, plan);
    span?.adjust(plan, amount, nowMs);
    return Promise.resolve(span?.used(plan, nowMs) ?? 0);
  }

  /** Number of counters held: for tests and gauges. */
  get size(): number {
    return this.entries.size;
  }

  /** The same decision without a promise, for whoever stands in front of it. */
  decide(request: AdmitRequest): AdmitDecision {
    const nowMs = this.options.clock();
    this.dropIdle(nowMs);
    const answer = this.look(request, nowMs);
    const reservationId = this.nextId();
    if (answer[0] === 0) this.charge(request, answer, reservationId);
    return decisionFrom(request, this.planner, answer, reservationId);
  }

  /** Whether `settle` would take effect here. */
  holds(reservation: Reservation): boolean {
    return this.open.has(reservation.id);
  }

  adoptLeases(leases: Iterable<HeldLease>): void {
    const nowMs = this.options.clock();
    for (const { id, key, plan, leftMs } of leases) {
      this.entryOf(key, plan).lease?.hold(id, nowMs + leftMs);
    }
  }

  releaseLeases(reservation: Reservation): void {
    for (const { limit, scope } of reservation.limits) {
      for (const { keyHead } of this.planner.of(limit, reservation.namespaceId)) {
        this.entries.get(keyHead + scope)?.lease?.release(reservation.id);
      }
    }
  }

  *heldLeases(): Generator<HeldLease> {
    const nowMs = this.options.clock();
    for (const [key, { lease, plan }] of this.entries) {
      if (lease === null) continue;
      for (const [id, expiry] of lease.held()) {
        if (expiry > nowMs) yield { id, key, plan, leftMs: expiry - nowMs };
      }
    }
  }

  /** What was charged here and not seeded, one group per counter. */
  *localCharges(): Generator<Correction[]> {
    const nowMs = this.options.clock();
    for (const [key, { span, plan: counter }] of this.entries) {
      const charges = span?.localCharges(counter, nowMs) ?? [];
      if (charges.length === 0) continue;
      yield charges.map(({ units, atMs }) => ({ key, counter, delta: units, atMs }));
    }
  }

  private look(request: AdmitRequest, nowMs: number): number[] {
    const answer = [0, nowMs];
    let index = 0;
    for (const { limit, scope } of request.limits) {
      for (const plan of this.planner.of(limit, request.namespaceId)) {
        index += 1;
        const { counter } = this.entryOf(plan.keyHead + scope, plan);
        const cost = costOf(plan.measure, request.inputTokens, request.outputTokens);
        const used = counter.used(plan, nowMs);
        const waitMs = counter.waitMs(plan, cost, nowMs);
        if (waitMs > 0 && !plan.shadow && answer[0] === 0) answer[0] = index;
        answer.push(used, waitMs);
      }
    }
    return answer;
  }

  private charge(request: AdmitRequest, answer: number[], reservationId: string): void {
    const nowMs = answer[1] ?? 0;
    let index = 0;
    for (const { limit, scope } of request.limits) {
      for (const plan of this.planner.of(limit, request.namespaceId)) {
        const { span, lease } = this.entryOf(plan.keyHead + scope, plan);
        lease?.hold(reservationId, nowMs + plan.sizeMs);
        const cost = costOf(plan.measure, request.inputTokens, request.outputTokens);
        index += 1;
        answer[index * 2] = (answer[index * 2] ?? 0) + cost;
        if (cost > 0) span?.charge(plan, cost, nowMs);
      }
    }
    this.open.add(reservationId);
    if (this.open.size > this.maxCounters) dropFirst(this.open);
  }

  private entryOf(key: string, plan: PlannedCounter): Entry {
    const known = this.entries.get(key);
    if (known !== undefined) {
      known.plan = plan;
      return known;
    }
    const entry = createEntry(plan);
    const seed = entry.span === null ? null : this.options.seedOf?.(key);
    if (seed) entry.span?.seed(plan, seed.units, seed.atMs);
    this.entries.set(key, entry);
    if (this.entries.size > this.maxCounters) dropFirst(this.entries);
    return entry;
  }

  private dropIdle(nowMs: number): void {
    for (let looked = 0; looked < SWEPT_PER_DECISION; looked += 1) {
      const next = this.sweep.next();
      if (next.done) {
        this.sweep = this.entries.entries();
        return;
      }
      const [key, { counter, plan }] = next.value;
      if (counter.isIdle(plan, nowMs)) this.entries.delete(key);
    }
  }
}

/** Starts a limiter that counts in this process alone. */
export const createMemoryAdmission = (options: MemoryAdmissionOptions): MemoryAdmission =>
  new MemoryAdmission(options);

function createEntry(plan: PlannedCounter): Entry {
  if (plan.kind === KIND.lease) {
    const lease = new LeaseCounter();
    return { plan, lease, span: null, counter: lease };
  }
  const isWindow = plan.kind === KIND.sliding_window || plan.kind === KIND.fixed_window;
  const span = isWindow ? new WindowCounter() : new LevelCounter();
  return { plan, lease: null, span, counter: span };
}

function dropFirst(held: Set<string> | Map<string, unknown>): void {
  for (const key of held.keys()) {
    held.delete(key);
    return;
  }
}
