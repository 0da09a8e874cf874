import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AdmitDecision, AdmitRequest, LimiterMode, Reservation } from './admission.port.js';
import { createFailoverAdmission, type FailoverAdmission } from './failover.admission.js';
import type { HeldLease } from './held-lease.js';
import {
  admitted,
  connectionLimit,
  limitOf,
  refused,
  requestFor,
  requestLimit,
  requestSpan,
  tokenLimit,
} from './limit-builders.contract.js';
import { createMemoryAdmission } from './memory.admission.js';
import type { Correction } from './settlement.js';
import type { SharedAdmission } from './shared-admission.port.js';

const NOTHING = { inputTokens: 0, outputTokens: 0 };
const NEVER = new Promise<never>(() => undefined);

/** A shared store that can fall silent or fail, and remembers what it was told. */
class ScriptedStore implements SharedAdmission {
  readonly mode = 'shared';
  readonly keyPrefix = '';
  state: 'up' | 'silent' | 'failing' = 'up';
  isSuspended = false;
  asked = 0;
  readonly settledIds: string[] = [];
  charges: Correction[] = [];
  leases: HeldLease[] = [];
  private readonly memory = createMemoryAdmission({ clock: () => this.storeTimeMs() });
  private readonly answered = new Map<string, number>();

  async admit(request: AdmitRequest): Promise<AdmitDecision> {
    this.asked += 1;
    await this.reach();
    const decision = this.memory.decide(request);
    for (const { limit, scope } of request.limits) {
      const states = await this.memory.read(request.namespaceId, limit, scope);
      this.answered.set(limit.ruleId, states[0]?.used ?? 0);
    }
    return decision;
  }
  settle(reservation: Reservation): void {
    this.settledIds.push(reservation.id);
  }
  close = (): Promise<void> => Promise.resolve();
  probe = (): Promise<void> => this.reach();
  storeTimeMs = (): number => Math.floor(performance.timeOrigin + performance.now());
  lastKnownUse(key: string) {
    const units = this.answered.get(key.split(':')[3] ?? '');
    return units === undefined ? null : { units, atMs: this.storeTimeMs() };
  }
  heldLeases = (): Iterable<HeldLease> => this.memory.heldLeases();
  suspend(): void {
    this.isSuspended = true;
  }
  resume(charges: Iterable<Correction[]>, leases: Iterable<HeldLease>): void {
    this.isSuspended = false;
    this.charges = [...charges].flat();
    this.leases = [...leases];
  }

  private reach(): Promise<void> {
    if (this.state === 'failing') return Promise.reject(new Error('connection lost'));
    return this.state === 'silent' ? NEVER : Promise.resolve();
  }
}

describe('limits while the shared store is away', () => {
  let store: ScriptedStore;
  let admission: FailoverAdmission;
  let modes: LimiterMode[];

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    store = new ScriptedStore();
    modes = [];
    admission = createFailoverAdmission({
      primary: store,
      instanceId: 'gw-1',
      liveInstances: () => 2,
      onModeChange: (mode) => modes.push(mode),
    });
  });
  afterEach(async () => {
    await admission.close();
    vi.useRealTimers();
  });

  /** The first decision waits for the timeout, which opens the breaker. */
  async function loseStore(): Promise<void> {
    store.state = 'silent';
    const first = admission.admit(requestFor([]));
    await vi.advanceTimersByTimeAsync(250);
    expect(admitted(await first).degraded).toBe(true);
  }

  async function regainStore(): Promise<void> {
    store.state = 'up';
    await vi.advanceTimersByTimeAsync(1000);
  }

  it('decides within the timeout and then without asking the store', async () => {
    await loseStore();
    const { asked } = store;
    admitted(await admission.admit(requestFor([requestLimit(5)])));
    expect(store.asked).toBe(asked);
    expect(admission.mode).toBe('degraded');
    expect(store.isSuspended).toBe(true);
  });

  it('enforces its share of the limit, rounded up', async () => {
    await loseStore();
    const limit = requestLimit(5);
    for (let i = 0; i < 3; i += 1) admitted(await admission.admit(requestFor([limit])));
    expect(refused(await admission.admit(requestFor([limit])))).toMatchObject({
      degraded: true,
      refusal: { limit: 3, applied: { limit: { ruleId: limit.ruleId } } },
    });
  });

  it('starts from its part of what was last known to be used', async () => {
    const limit = requestLimit(10);
    for (let i = 0; i < 8; i += 1) await admission.admit(requestFor([limit]));
    await loseStore();
    admitted(await admission.admit(requestFor([limit])));
    refused(await admission.admit(requestFor([limit])));
  });

  it('counts the connections it already holds', async () => {
    const limit = connectionLimit({ maxConnections: 4 });
    const held = admitted(await admission.admit(requestFor([limit])));
    await admission.admit(requestFor([limit]));
    await loseStore();
    refused(await admission.admit(requestFor([limit])));
    admission.settle(held.reservation, NOTHING);
    admitted(await admission.admit(requestFor([limit])));
    expect(store.settledIds).toEqual([held.reservation.id]);
  });

  it('refuses without a limit’s name where a rule is closed', async () => {
    await loseStore();
    const closed = requestLimit(5, { onStoreFailure: 'closed' });
    expect(refused(await admission.admit(requestFor([closed])))).toMatchObject({
      refusal: null,
      degraded: true,
    });
    const shadow = requestLimit(5, { onStoreFailure: 'closed', mode: 'shadow' });
    admitted(await admission.admit(requestFor([shadow])));
  });

  it('admits where a rule is open, and counts', async () => {
    await loseStore();
    const open = requestLimit(0, { onStoreFailure: 'open' });
    expect(admitted(await admission.admit(requestFor([open]))).shadowRefusals).toEqual([]);
    await regainStore();
    expect(store.charges).toMatchObject([{ delta: 1 }]);
  });

  it('adds what it charged to the shared counters, without what it started from', async () => {
    const limit = limitOf({ spans: [requestSpan(100)] });
    const tokens = tokenLimit(1000);
    await admission.admit(requestFor([limit]));
    await admission.admit(requestFor([limit]));
    await loseStore();
    const request = requestFor([limit, tokens], { inputTokens: 30 });
    const first = admitted(await admission.admit(request));
    await admission.admit(request);
    admission.settle(first.reservation, { inputTokens: 10, outputTokens: 0 });
    await regainStore();
    const added = store.charges.map(({ counter, delta }) => [counter.measure, delta]);
    expect(added).toEqual([
      ['requests', 2],
      ['total_tokens', 40],
    ]);
  });

  it('hands over leases it granted and settles them with the store', async () => {
    await loseStore();
    const limit = connectionLimit({ maxConnections: 4 });
    const { reservation } = admitted(await admission.admit(requestFor([limit])));
    await regainStore();
    expect(store.leases).toMatchObject([{ id: reservation.id }]);
    admission.settle(reservation, NOTHING);
    admission.settle(reservation, NOTHING);
    expect(store.settledIds).toEqual([reservation.id]);
  });

  it('settles in a second outage what it granted in the first', async () => {
    const limit = connectionLimit({ maxConnections: 2 });
    await loseStore();
    const { reservation } = admitted(await admission.admit(requestFor([limit])));
    await regainStore();
    store.heldLeases = () => store.leases;
    await loseStore();
    refused(await admission.admit(requestFor([limit])));
    admission.settle(reservation, NOTHING);
    expect(store.settledIds).toEqual([reservation.id]);
    admitted(await admission.admit(requestFor([limit])));
  });

  it('returns to the store within 2 s and reports each change of mode once', async () => {
    await loseStore();
    for (let i = 0; i < 3; i += 1) await admission.admit(requestFor([requestLimit(1)]));
    expect(modes).toEqual(['degraded']);
    store.state = 'up';
    await vi.advanceTimersByTimeAsync(2000);
    expect(modes).toEqual(['degraded', 'shared']);
    expect(admitted(await admission.admit(requestFor([requestLimit(1)]))).degraded).toBe(false);
  });

  it('stays with the store after a single error but hands it the decision', async () => {
    store.state = 'failing';
    const decision = admitted(await admission.admit(requestFor([requestLimit(5)])));
    expect(decision.degraded).toBe(true);
    expect(admission.mode).toBe('shared');
    expect(store.charges).toMatchObject([{ delta: 1 }]);
  });

  it('leaves the store after three errors in a row', async () => {
    store.state = 'failing';
    for (let i = 0; i < 3; i += 1) await admission.admit(requestFor([requestLimit(5)]));
    expect(modes).toEqual(['degraded']);
  });

  it('gives back what the store admitted too late', async () => {
    let answer: (decision: AdmitDecision) => void = () => undefined;
    const limit = tokenLimit(100);
    const late = admitted(await store.admit(requestFor([limit], { inputTokens: 5 })));
    store.admit = () => new Promise((resolve) => (answer = resolve));
    const pending = admission.admit(requestFor([limit], { inputTokens: 5 }));
    await vi.advanceTimersByTimeAsync(250);
    await pending;
    answer(late);
    await vi.advanceTimersByTimeAsync(0);
    expect(store.settledIds).toEqual([late.reservation.id]);
  });
});
