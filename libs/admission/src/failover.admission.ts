/**
 * The shared store with this process's memory behind it. A decision waits for the store at most
 * `timeoutMs`; once it is known to be away, none waits. Meanwhile each limit follows its
 * `on_store_failure`: `share` enforces this instance's part of the limit, starting from its part of
 * what was last known to be used; `open` counts and admits; `closed` refuses without naming a limit.
 * When the store takes writes again, what was charged here is added to the shared counters and the
 * leases taken here become shared ones. Nothing is forgotten: dropping local consumption instead
 * would hand every tenant a fresh window after each outage.
 *
 * Published bound, n instances with load spread evenly: at most limit + n units per span, also in the
 * one that contains the outage. An instance that had not heard of a counter before the outage has its
 * full share: where load was not spread, up to limit × (1 + (n − 1) / n) in that one span. Requests
 * whose answer was lost as the store went away may be charged twice, never not at all.
 * Decisions take at most `timeoutMs` + 25 ms until the first timeout, then no longer than memory does;
 * the store is used again within 2 s of its answering.
 */
import type {
  Admission,
  AdmitDecision,
  AdmitRequest,
  AppliedLimit,
  LimiterMode,
  Reservation,
  TokenUsage,
} from './admission.port.js';
import { createMemoryAdmission, type MemoryAdmission } from './memory.admission.js';
import { LimitShares } from './share-of-limit.js';
import { SharedDeadline } from './shared-deadline.js';
import type { SharedAdmission } from './shared-admission.port.js';
import { StoreBreaker } from './store-breaker.js';

export interface FailoverAdmissionOptions {
  readonly primary: SharedAdmission;
  readonly instanceId: string;
  /** Live instances as last known, at least 1. */
  readonly liveInstances: () => number;
  /** Once per change; `cause` is why the store was left, undefined on return. */
  readonly onModeChange?: (mode: LimiterMode, cause: unknown) => void;
  /** Longest wait for a decision of the store, kept to within 25 ms. Default 250. */
  readonly timeoutMs?: number;
  /** Time between probes of an absent store, ± 50 %. Default 300. */
  readonly probeMs?: number;
  readonly maxCounters?: number;
}

const DEFAULT_TIMEOUT_MS = 250;
const DEFAULT_PROBE_MS = 300;
const NOTHING_USED: TokenUsage = { inputTokens: 0, outputTokens: 0 };

export class FailoverAdmission implements Admission {
  private readonly breaker: StoreBreaker;
  private readonly shares = new LimitShares();
  private readonly deadline: SharedDeadline;
  /** Ids admitted and not settled, so that settling twice does nothing. */
  private readonly open = new Set<string>();
  private local: MemoryAdmission;

  constructor(private readonly options: FailoverAdmissionOptions) {
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.deadline = new SharedDeadline(timeoutMs);
    this.local = this.createLocal();
    this.breaker = new StoreBreaker({
      probe: () => options.primary.probe(),
      probeMs: options.probeMs ?? DEFAULT_PROBE_MS,
      timeoutMs,
      onOpen: (error) => {
        this.takeOver(error);
      },
      onClose: () => {
        this.handBack();
        options.onModeChange?.('shared', undefined);
      },
    });
  }

  get mode(): LimiterMode {
    return this.breaker.isOpen ? 'degraded' : 'shared';
  }

  /** Never rejects. */
  async admit(request: AdmitRequest): Promise<AdmitDecision> {
    if (this.breaker.isOpen) return this.opened(this.decideAlone(request));
    const answer = this.options.primary.admit(request);
    try {
      const decision = await this.deadline.within(answer);
      this.breaker.succeeded();
      return this.opened(decision);
    } catch (error) {
      const isAway = this.breaker.failed(error);
      void answer.then(this.giveBack, ignore);
      const decision = this.decideAlone(request);
      // A single error leaves the store in charge: it must know of this decision.
      if (!isAway) this.handBack();
      return this.opened(decision);
    }
  }

  settle(reservation: Reservation, usage: TokenUsage): void {
    if (!this.open.delete(reservation.id)) return;
    // What an earlier outage's memory decided was handed back: the store's like all others.
    if (this.local.holds(reservation)) {
      this.local.settle(reservation, usage);
      return;
    }
    if (this.breaker.isOpen) this.local.releaseLeases(reservation);
    this.options.primary.settle(reservation, usage);
  }

  async close(): Promise<void> {
    this.breaker.stop();
    await this.options.primary.close();
  }

  private opened(decision: AdmitDecision): AdmitDecision {
    if (decision.allowed) this.open.add(decision.reservation.id);
    return decision;
  }

  /** An answer that came too late: its request was decided here. */
  private readonly giveBack = (decision: AdmitDecision): void => {
    if (decision.allowed) this.options.primary.settle(decision.reservation, NOTHING_USED);
  };

  private decideAlone(request: AdmitRequest): AdmitDecision {
    const isClosed = request.limits.some(refusesWithoutStore);
    if (isClosed) return CLOSED;
    const decision = this.local.decide({ ...request, limits: this.sharesOf(request.limits) });
    if (!decision.allowed) return { ...decision, degraded: true };
    const reservation = { ...decision.reservation, limits: request.limits };
    const shadowRefusals = decision.shadowRefusals.filter(
      ({ applied }) => applied.limit.onStoreFailure !== 'open',
    );
    return { ...decision, reservation, shadowRefusals, degraded: true };
  }

  private sharesOf(limits: readonly AppliedLimit[]): AppliedLimit[] {
    const instances = Math.max(1, Math.floor(this.options.liveInstances()));
    return limits.map(({ limit, scope }) => ({ limit: this.shares.of(limit, instances), scope }));
  }

  private takeOver(cause: unknown): void {
    const { primary, onModeChange } = this.options;
    primary.suspend();
    this.local.adoptLeases(primary.heldLeases());
    onModeChange?.('degraded', cause);
  }

  private handBack(): void {
    const { local } = this;
    this.local = this.createLocal();
    this.options.primary.resume(local.localCharges(), local.heldLeases());
  }

  private createLocal(): MemoryAdmission {
    const { primary, instanceId, maxCounters, liveInstances } = this.options;
    return createMemoryAdmission({
      clock: () => primary.storeTimeMs(),
      instanceId,
      keyPrefix: primary.keyPrefix,
      ...(maxCounters === undefined ? {} : { maxCounters }),
      seedOf: (key) => {
        const known = primary.lastKnownUse(key);
        return known && { ...known, units: Math.ceil(known.units / Math.max(1, liveInstances())) };
      },
    });
  }
}

/** Puts this process's memory behind the shared store. */
export const createFailoverAdmission = (options: FailoverAdmissionOptions): FailoverAdmission =>
  new FailoverAdmission(options);

const refusesWithoutStore = ({ limit }: AppliedLimit): boolean =>
  limit.onStoreFailure === 'closed' && limit.mode === 'enforce';

const ignore = (): void => undefined;

const CLOSED: AdmitDecision = {
  allowed: false,
  refusal: null,
  neverFits: false,
  requests: null,
  tokens: null,
  degraded: true,
};
