/**
 * Limits shared by all instances: each decision is taken over all limits of a request, all or
 * nothing, in a Lua call on the store's own clock; what arrives together shares a call. Rejected: one
 * command per limit with compensation (a refused request would charge for a moment), and locks (a
 * slow instance would hold up the others).
 *
 * Published bounds, asserted by the contract suite and the property tests:
 * - sliding_window: what was charged within any `spanMs` never exceeds the limit. Counted in 60
 *   buckets per span; a charge may be counted up to one bucket (span / 60) too long, never too short.
 * - fixed_window: at most the limit per window; windows are aligned to the UTC epoch, so up to twice
 *   the limit within a span that lies across two windows.
 * - token_bucket (GCRA, burst = limit): at most limit × (1 + t / span) within any time t.
 * - leaky_bucket (GCRA, burst = a tenth of the limit, at least 1): at most
 *   burst + limit × t / span within any time t.
 * - connections: never more than the limit while instances renew. A killed instance's leases are free
 *   again 15 s after their last renewal; a stopped one that wakes renews what it really has in
 *   flight, so the excess is at most its own requests.
 * - Settlement may raise a counter over its limit (more was used than reserved): nothing is admitted
 *   until the excess has left the span. No counter falls below zero. A limit of 0 refuses all.
 * - Editing a limit's value keeps what was consumed; another span, measure or algorithm starts anew.
 *
 * The client should have `enableOfflineQueue: false`. Scripts are batched here: pipelining by the client
 * would only delay them, so they go past it.
 */
import { counterKeys } from '@ai-gateway/contracts';
import type { AdmitDecision, AdmitRequest, Reservation, TokenUsage } from './admission.port.js';
import type { AdmitCall } from './admit-call.js';
import { AdmitQueue } from './admit-queue.js';
import { counterKey, CounterPlanner, KIND } from './counter-plan.js';
import { decisionFrom, reservationOf, type FlatAnswer } from './decision.js';
import type { HeldLease } from './held-lease.js';
import { LastKnownUse, type KnownUse } from './last-known-use.js';
import { LeaseKeeper } from './lease-keeper.js';
import type { RedisClient } from './redis-script.js';
import { createReservationIds } from './reservation-id.js';
import { SettlementQueue } from './settlement-queue.js';
import { settlementOf, type Correction } from './settlement.js';
import type { SharedAdmission } from './shared-admission.port.js';

export interface RedisAdmissionOptions {
  readonly redis: RedisClient;
  readonly instanceId: string;
  readonly keyPrefix?: string;
  /** Settlements were given up: their reservations stay charged until they leave the span. */
  readonly onSettlementsLost?: (count: number) => void;
  /** Leases this instance holds were missing in the store (flushed, or it was away too long). */
  readonly onLeasesRestored?: (count: number) => void;
  readonly onRenewalFailed?: (error: unknown) => void;
  /** A lease not renewed for this long is free again. Default 15,000. */
  readonly leaseMs?: number;
  /** Default 5,000. */
  readonly renewMs?: number;
  /** Default 10,000. */
  readonly maxPendingSettlements?: number;
  /** After this a settlement is given up. Default 120,000. */
  readonly maxSettlementAgeMs?: number;
}

const DEFAULTS = {
  leaseMs: 15_000,
  renewMs: 5_000,
  maxPendingSettlements: 10_000,
  maxSettlementAgeMs: 120_000,
} as const;
const PROBE_TTL_MS = 10_000;
const CHARGES_PER_SETTLEMENT = 16;
const ignore = (): void => undefined;

export class RedisAdmission implements SharedAdmission {
  readonly mode = 'shared';
  readonly keyPrefix: string;
  private readonly redis: RedisClient;
  private readonly planner: CounterPlanner;
  private readonly nextId: () => string;
  private readonly queue: AdmitQueue;
  private readonly keeper: LeaseKeeper;
  private readonly settlements: SettlementQueue;
  private readonly known = new LastKnownUse();
  private readonly probeKey: string;

  constructor(options: RedisAdmissionOptions) {
    const { redis, instanceId } = options;
    const leaseMs = options.leaseMs ?? DEFAULTS.leaseMs;
    const keyPrefix = options.keyPrefix ?? '';
    this.redis = redis;
    this.keyPrefix = keyPrefix;
    this.planner = new CounterPlanner(keyPrefix);
    this.nextId = createReservationIds(instanceId);
    this.probeKey = keyPrefix + counterKeys.probe(instanceId);
    this.queue = new AdmitQueue({
      redis,
      planner: this.planner,
      leaseMs,
      onAnswer: this.decide,
    });
    this.keeper = new LeaseKeeper({
      redis,
      leaseMs,
      renewMs: options.renewMs ?? DEFAULTS.renewMs,
      onRestored: options.onLeasesRestored ?? ignore,
      onFailed: options.onRenewalFailed ?? ignore,
    });
    this.settlements = new SettlementQueue({
      redis,
      keyPrefix,
      maxPending: options.maxPendingSettlements ?? DEFAULTS.maxPendingSettlements,
      maxAgeMs: options.maxSettlementAgeMs ?? DEFAULTS.maxSettlementAgeMs,
      onLost: options.onSettlementsLost ?? ignore,
    });
  }

  /** Rejects with what the client rejects with: the store is away, or refuses writes. */
  admit(request: AdmitRequest): Promise<AdmitDecision> {
    const reservationId = this.nextId();
    if (!this.isLimited(request)) return Promise.resolve(this.unlimited(request, reservationId));
    return new Promise((resolve, reject) => {
      this.queue.add({ request, reservationId, resolve, reject });
    });
  }

  settle(reservation: Reservation, usage: TokenUsage): void {
    this.keeper.release(reservation.id);
    this.settlements.add(settlementOf(reservation, usage, this.planner));
  }

  async close(): Promise<void> {
    await this.settlements.close();
    this.keeper.stop();
  }

  /** Settlements that have not arrived yet: for tests and gauges. */
  get pendingSettlements(): number {
    return this.settlements.size;
  }

  /** One round of renewals now, besides the timer. Never rejects. */
  renewLeases(): Promise<void> {
    return this.keeper.renew();
  }

  async probe(): Promise<void> {
    await this.redis.set(this.probeKey, '1', 'PX', PROBE_TTL_MS);
  }

  storeTimeMs(): number {
    return this.known.storeTimeMs();
  }

  lastKnownUse(key: string): KnownUse | null {
    return this.known.of(key);
  }

  heldLeases(): Iterable<HeldLease> {
    return this.keeper.leases();
  }

  suspend(): void {
    this.settlements.pause();
    this.keeper.pause();
  }

  resume(charges: Iterable<Correction[]>, leases: Iterable<HeldLease>): void {
    for (const { id, key, plan, leftMs } of leases) this.keeper.hold(id, key, plan, leftMs);
    for (const [namespaceId, corrections] of groupedCharges(charges)) {
      this.settlements.add({ id: this.nextId(), namespaceId, leaseKeys: [], corrections });
    }
    this.settlements.resume();
    void this.keeper.resume();
  }

  private isLimited({ limits, namespaceId }: AdmitRequest): boolean {
    return limits.some(({ limit }) => this.planner.of(limit, namespaceId).length > 0);
  }

  private readonly decide = (call: AdmitCall, flat: FlatAnswer): void => {
    const { decided, units, storeTimeMs } = call.answers(flat);
    this.known.learn(call.keys, units, storeTimeMs);
    for (const { admit, answer } of decided) {
      const { request, reservationId, resolve } = admit;
      const decision = decisionFrom(request, this.planner, answer, reservationId);
      if (decision.allowed) this.holdLeases(decision.reservation);
      resolve(decision);
    }
  };

  private holdLeases({ id, namespaceId, limits }: Reservation): void {
    for (const { limit, scope } of limits) {
      if (limit.lease === null) continue;
      for (const plan of this.planner.of(limit, namespaceId)) {
        if (plan.kind === KIND.lease) this.keeper.hold(id, counterKey(plan, scope), plan);
      }
    }
  }

  private unlimited(request: AdmitRequest, reservationId: string): AdmitDecision {
    return {
      allowed: true,
      reservation: reservationOf(request, this.storeTimeMs(), reservationId),
      requests: null,
      tokens: null,
      shadowRefusals: [],
      degraded: false,
    };
  }
}

/**
 * Several counters of a namespace to a settlement: an outage may leave more counters than the queue
 * takes settlements, and what it doesn't take is forgotten.
 */
function* groupedCharges(
  charges: Iterable<Correction[]>,
): Generator<[namespaceId: number, corrections: Correction[]]> {
  const open = new Map<number, Correction[]>();
  for (const corrections of charges) {
    const namespaceId = corrections[0]?.counter.namespaceId ?? 0;
    const group = open.get(namespaceId) ?? [];
    group.push(...corrections);
    open.set(namespaceId, group);
    if (group.length < CHARGES_PER_SETTLEMENT) continue;
    open.delete(namespaceId);
    yield [namespaceId, group];
  }
  yield* open;
}

/** Starts a limiter whose counters all instances share. */
export const createRedisAdmission = (options: RedisAdmissionOptions): RedisAdmission =>
  new RedisAdmission(options);
