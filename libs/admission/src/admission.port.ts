/**
 * The limiter's port: one decision per request over all its limits, all or nothing. A refusal is a
 * value, never an exception; a refused request charges nothing. Implementations: Redis (one Lua
 * call), memory (one process), failover (Redis with memory behind it). One contract suite for all.
 */
import type { CompiledLimit, Measure } from '@ai-gateway/gateway-engine';

/** A limit together with whom it counts: the value of its `per` dimension. */
export interface AppliedLimit {
  readonly limit: CompiledLimit;
  /** `-` for per namespace; else a short digest or id, never raw client text. */
  readonly scope: string;
}

export interface AdmitRequest {
  /** For correlation only: clients may choose it, so nothing is counted by it. */
  readonly requestId: string;
  readonly namespaceId: number;
  /** Ordered by priority, highest first: the first refusing one is shown. */
  readonly limits: readonly AppliedLimit[];
  /** Reserved now, corrected by `settle`. */
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Where one span or lease set stands after the decision. */
export interface LimitState {
  readonly applied: AppliedLimit;
  readonly measure: Measure | 'connections';
  readonly limit: number;
  /** Never negative. */
  readonly remaining: number;
  /** Until enough is free again for the refused request, or until the span is empty. */
  readonly resetMs: number;
}

/** What must be given back or corrected at the end. Opaque to callers. */
export interface Reservation {
  /** Unique per decision; member of lease sets and key of the settlement. */
  readonly id: string;
  readonly requestId: string;
  readonly namespaceId: number;
  readonly limits: readonly AppliedLimit[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Store time of the decision, milliseconds since 1970: settlement lands in its spans. */
  readonly decidedAtMs: number;
}

export interface Admitted {
  readonly allowed: true;
  readonly reservation: Reservation;
  /** The enforced request and token spans with the least left, for response headers. */
  readonly requests: LimitState | null;
  readonly tokens: LimitState | null;
  /** Limits in shadow mode that would have refused. */
  readonly shadowRefusals: readonly LimitState[];
  readonly degraded: boolean;
}

export interface Refused {
  readonly allowed: false;
  /** Null: a rule with `on_store_failure: closed` while the store is away. */
  readonly refusal: LimitState | null;
  /** The request alone is larger than the limit: waiting never helps. False for a limit of 0. */
  readonly neverFits: boolean;
  readonly requests: LimitState | null;
  readonly tokens: LimitState | null;
  readonly degraded: boolean;
}

export type AdmitDecision = Admitted | Refused;

export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** `shared`: counted over all instances. The others: the store is away and rules follow on_store_failure. */
export type LimiterMode = 'shared' | 'local' | 'degraded';

export interface Admission {
  readonly mode: LimiterMode;
  /** Rejects only where a store may be away and nothing stands behind it (Redis alone). */
  admit(request: AdmitRequest): Promise<AdmitDecision>;
  /**
   * Ends a reservation: releases its leases and corrects the token spans to `usage`. Idempotent by
   * the reservation's id; returns at once and is retried in the background within bounds.
   */
  settle(reservation: Reservation, usage: TokenUsage): void;
  /** Waits for settlements under way, then stops renewing leases. */
  close(): Promise<void>;
}

/** What the counters API of the control plane reads and adjusts. */
export interface CounterReader {
  /** Units used now, per span of a limit. */
  read(namespaceId: number, limit: CompiledLimit, scope: string): Promise<CounterState[]>;
  /**
   * Adds `amount` (may be negative, never below zero) to one span.
   * @returns units used afterwards; 0 if the limit has no such span
   */
  add(span: SpanAddress, amount: number): Promise<number>;
}

export interface SpanAddress {
  readonly namespaceId: number;
  readonly limit: CompiledLimit;
  readonly scope: string;
  readonly spanMs: number;
  readonly measure: Measure;
}

export interface CounterState {
  readonly measure: Measure | 'connections';
  /** 0 for connections. */
  readonly spanMs: number;
  readonly limit: number;
  readonly used: number;
  readonly resetMs: number;
}
