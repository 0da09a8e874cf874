/** What every store of limits must do. Run against memory and against Redis. */
import { expect, it } from 'vitest';
import type { RequestAlgorithm } from '@ai-gateway/contracts';
import type { CompiledLimit } from '@ai-gateway/gateway-engine';
import type {
  Admission,
  AdmitDecision,
  AdmitRequest,
  CounterReader,
  CounterState,
} from './admission.port.js';
import {
  admitted,
  connectionLimit,
  DAY_MS,
  limitOf,
  refused,
  requestFor,
  requestLimit,
  requestSpan,
  tokenLimit,
  tokenSpan,
} from './limit-builders.contract.js';

export interface AdmissionUnderTest {
  readonly admission: Admission;
  readonly counters: CounterReader;
  /** Moves the store's clock; with a real one, waits. At most 1.2 s at a time. */
  readonly pass: (ms: number) => Promise<void>;
  /** Resolves when what was settled has arrived. */
  readonly settled: () => Promise<void>;
}

const ALGORITHMS: RequestAlgorithm[] = [
  'sliding_window',
  'fixed_window',
  'token_bucket',
  'leaky_bucket',
];

export function describeAdmission(underTest: () => AdmissionUnderTest): void {
  const admit = (limits: CompiledLimit[], fields: Partial<AdmitRequest> = {}) =>
    underTest().admission.admit(requestFor(limits, fields));
  const tokens = (inputTokens: number, outputTokens = 0) => ({ inputTokens, outputTokens });
  const settle = async (
    decision: Awaited<ReturnType<typeof admit>>,
    usage = tokens(0),
  ): Promise<void> => {
    underTest().admission.settle(admitted(decision).reservation, usage);
    await underTest().settled();
  };
  const used = async (limit: CompiledLimit, scope = '-'): Promise<number[]> => {
    const states: CounterState[] = await underTest().counters.read(1, limit, scope);
    return states.map((state) => state.used);
  };

  it('refuses the request that exceeds the limit and names limit, remaining and reset', async () => {
    const limit = requestLimit(2);
    await admit([limit]);
    admitted(await admit([limit]));
    const { refusal, neverFits, degraded } = refused(await admit([limit]));
    expect(refusal).toMatchObject({ measure: 'requests', limit: 2, remaining: 0 });
    expect(refusal?.applied.limit).toBe(limit);
    expect(refusal?.resetMs).toBeGreaterThan(DAY_MS * 0.9);
    expect(refusal?.resetMs).toBeLessThanOrEqual(DAY_MS + DAY_MS / 60);
    expect({ neverFits, degraded }).toEqual({ neverFits: false, degraded: false });
  });

  it('charges nothing anywhere when one limit refuses', async () => {
    const roomy = limitOf({
      lease: { maxConnections: 5, maxAgeMs: DAY_MS },
      spans: [requestSpan(10), tokenSpan(1000)],
    });
    const tight = requestLimit(0);
    refused(await admit([roomy, tight], tokens(5)));
    expect(await used(roomy)).toEqual([0, 0, 0]);
  });

  it('shows the refusing limit of the highest priority', async () => {
    const [first, second, third] = [requestLimit(5), requestLimit(0), requestLimit(0)];
    const { refusal } = refused(await admit([first, second, third]));
    expect(refusal?.applied.limit).toBe(second);
  });

  it.each(ALGORITHMS)('refuses everything at a limit of 0 with %s', async (algorithm) => {
    const limit = limitOf({ spans: [requestSpan(0, 1000, algorithm)] });
    const { refusal, neverFits } = refused(await admit([limit]));
    expect(refusal).toMatchObject({ limit: 0, remaining: 0, resetMs: 1000 });
    expect(neverFits).toBe(false);
  });

  it('refuses all connections at a limit of 0', async () => {
    refused(await admit([connectionLimit({ maxConnections: 0 })]));
  });

  it('says when a request can never fit, also while there is room', async () => {
    const limit = tokenLimit(100);
    expect(refused(await admit([limit], tokens(60, 41))).neverFits).toBe(true);
    expect(refused(await admit([limit], tokens(101))).refusal?.remaining).toBe(100);
    admitted(await admit([limit], tokens(60, 40)));
    expect(refused(await admit([limit], tokens(100))).neverFits).toBe(false);
  });

  it('admits a request without limits', async () => {
    expect(admitted(await admit([]))).toMatchObject({ requests: null, tokens: null });
  });

  it('counts each scope apart', async () => {
    const limit = requestLimit(1);
    admitted(await admit([limit]));
    admitted(await admit([], { limits: [{ limit, scope: 'other' }] }));
    refused(await admit([limit]));
  });

  it('shows the request and token span with the least left', async () => {
    const limit = limitOf({
      spans: [
        requestSpan(9),
        requestSpan(4, 3_600_000),
        tokenSpan(50, 'input_tokens'),
        tokenSpan(30, 'output_tokens'),
      ],
    });
    const decision = admitted(await admit([limit], tokens(10, 20)));
    expect(decision.requests).toMatchObject({ measure: 'requests', limit: 4, remaining: 3 });
    expect(decision.tokens).toMatchObject({ measure: 'output_tokens', limit: 30, remaining: 10 });
    const refusal = refused(await admit([limit], tokens(1, 11)));
    expect(refusal.requests?.remaining).toBe(3);
    expect(refusal.refusal).toMatchObject({ measure: 'output_tokens', remaining: 10 });
  });

  it('counts and reports in shadow mode but admits', async () => {
    const shadow = requestLimit(1, { mode: 'shadow' });
    expect(admitted(await admit([shadow])).shadowRefusals).toEqual([]);
    const second = admitted(await admit([shadow]));
    expect(second.shadowRefusals).toMatchObject([{ limit: 1, remaining: 0 }]);
    expect(second.requests).toBeNull();
    expect(await used(shadow)).toEqual([2]);
    refused(await admit([shadow, requestLimit(0)]));
    expect(await used(shadow)).toEqual([2]);
  });

  it('keeps what was consumed when a limit is edited', async () => {
    const limit = requestLimit(5);
    for (let i = 0; i < 3; i += 1) await admit([limit]);
    refused(await admit([{ ...limit, spans: [requestSpan(3)] }]));
    admitted(await admit([{ ...limit, spans: [requestSpan(4)] }]));
    expect(await used(limit)).toEqual([4]);
  });

  it.each(ALGORITHMS)('admits again after the announced reset with %s', async (algorithm) => {
    const limit = limitOf({ spans: [requestSpan(3, 600, algorithm)] });
    let decision = await admit([limit]);
    while (decision.allowed) decision = await admit([limit]);
    const resetMs = decision.refusal?.resetMs ?? 0;
    expect(resetMs).toBeGreaterThan(0);
    expect(resetMs).toBeLessThanOrEqual(610);
    await underTest().pass(resetMs);
    admitted(await admit([limit]));
  });

  it('empties a sliding window one span after its last charge', async () => {
    const limit = limitOf({ spans: [requestSpan(5, 300)] });
    await admit([limit]);
    await underTest().pass(310);
    expect(await used(limit)).toEqual([0]);
  });

  it('admits a burst of the whole limit with a token bucket, a tenth with a leaky one', async () => {
    const burstOf = async (algorithm: RequestAlgorithm): Promise<number> => {
      const limit = limitOf({ spans: [requestSpan(20, DAY_MS, algorithm)] });
      let admittedCount = 0;
      while ((await admit([limit])).allowed) admittedCount += 1;
      return admittedCount;
    };
    expect(await burstOf('token_bucket')).toBe(20);
    expect(await burstOf('leaky_bucket')).toBe(2);
  });

  it('returns the unused part of a reservation', async () => {
    const limit = tokenLimit(100);
    const decision = await admit([limit], tokens(50, 50));
    refused(await admit([limit], tokens(1)));
    await settle(decision, tokens(50, 10));
    expect(await used(limit)).toEqual([60]);
    admitted(await admit([limit], tokens(40)));
  });

  it('charges what was used beyond the reservation, remaining stays at zero', async () => {
    const limit = tokenLimit(100);
    await settle(await admit([limit], tokens(10)), tokens(10, 140));
    expect(await used(limit)).toEqual([150]);
    expect(refused(await admit([limit], tokens(1))).refusal?.remaining).toBe(0);
  });

  it('settles a reservation once, however often it is told', async () => {
    const limit = limitOf({
      lease: { maxConnections: 9, maxAgeMs: DAY_MS },
      spans: [tokenSpan(100)],
    });
    await admit([limit], tokens(30));
    const decision = await admit([limit], tokens(30));
    await settle(decision, tokens(20));
    await settle(decision, tokens(20));
    expect(await used(limit)).toEqual([1, 50]);
  });

  it('drops a settlement whose reservation has left the span', async () => {
    const limit = limitOf({ spans: [tokenSpan(100, 'total_tokens', 300)] });
    const old = await admit([limit], tokens(40));
    await underTest().pass(310);
    await admit([limit], tokens(30));
    await settle(old, tokens(0));
    expect(await used(limit)).toEqual([30]);
  });

  it('holds a connection until it is settled', async () => {
    const limit = connectionLimit({ maxConnections: 2 });
    const first = await admit([limit]);
    admitted(await admit([limit]));
    const { refusal } = refused(await admit([limit]));
    expect(refusal).toMatchObject({ measure: 'connections', limit: 2, remaining: 0 });
    await settle(first);
    admitted(await admit([limit]));
  });

  it('counts requests with the same client-chosen id apart', async () => {
    const limit = connectionLimit({ maxConnections: 1 });
    admitted(await admit([limit], { requestId: 'mine' }));
    refused(await admit([limit], { requestId: 'mine' }));
  });

  it('frees a connection that reached its longest age', async () => {
    const limit = connectionLimit({ maxConnections: 1, maxAgeMs: 300 });
    await admit([limit]);
    refused(await admit([limit]));
    await underTest().pass(310);
    admitted(await admit([limit]));
    expect(await used(limit)).toEqual([1]);
  });

  it.each(ALGORITHMS)('adjusts a counter by hand with %s, never below zero', async (algorithm) => {
    const limit = limitOf({ spans: [requestSpan(40, DAY_MS, algorithm)] });
    for (let i = 0; i < 3; i += 1) await admit([limit]);
    const add = (amount: number): Promise<number> =>
      underTest().counters.add(
        { namespaceId: 1, limit, scope: '-', spanMs: DAY_MS, measure: 'requests' },
        amount,
      );
    expect(await add(7)).toBe(10);
    expect(await add(-4)).toBe(6);
    expect(await add(-100)).toBe(0);
    expect(await used(limit)).toEqual([0]);
  });

  describeTogether(underTest);
}

/** Requests that arrive at once are decided as if they came one after the other. */
function describeTogether(underTest: () => AdmissionUnderTest): void {
  const admitAll = (requests: AdmitRequest[]): Promise<AdmitDecision[]> =>
    Promise.all(requests.map((request) => underTest().admission.admit(request)));
  const verdicts = (decisions: AdmitDecision[]): boolean[] =>
    decisions.map(({ allowed }) => allowed);
  const at = (decisions: AdmitDecision[], index: number): AdmitDecision => {
    const decision = decisions[index];
    if (decision === undefined) throw new Error(`no decision ${index}`);
    return decision;
  };
  const used = async (limit: CompiledLimit, scope = '-'): Promise<number[]> =>
    (await underTest().counters.read(1, limit, scope)).map((state) => state.used);

  it.each(ALGORITHMS)(
    'refuses some that arrive together, others not, with %s',
    async (algorithm) => {
      const spans = [{ ...requestSpan(1000, DAY_MS, algorithm), measure: 'input_tokens' as const }];
      const limit = limitOf({ spans });
      const unit = algorithm === 'leaky_bucket' ? 1 : 10;
      const asked = [60, 50, 30, 20, 10, 0].map((share) => share * unit);
      const decisions = await admitAll(
        asked.map((inputTokens) => requestFor([limit], { inputTokens })),
      );
      expect(verdicts(decisions)).toEqual([true, false, true, false, true, true]);
      expect(decisions.map(({ tokens }) => tokens?.remaining)).toEqual(
        [40, 40, 10, 10, 0, 0].map((share) => share * unit),
      );
      expect(await used(limit)).toEqual([100 * unit]);
    },
  );

  it('lets a refused request charge none of those that arrive with it', async () => {
    const [roomy, tight] = [requestLimit(10), requestLimit(1)];
    const both = requestFor([roomy, tight]);
    const decisions = await admitAll([both, both, requestFor([roomy]), both]);
    expect(verdicts(decisions)).toEqual([true, false, true, false]);
    expect(refused(at(decisions, 1)).refusal?.applied.limit).toBe(tight);
    expect([await used(roomy), await used(tight)]).toEqual([[2], [1]]);
  });

  it('keeps rules and scopes of requests that arrive together apart', async () => {
    const [first, second] = [requestLimit(2), requestLimit(1)];
    const scoped = (scope: string, ...limits: CompiledLimit[]): AdmitRequest =>
      requestFor([], { limits: limits.map((limit) => ({ limit, scope })) });
    const decisions = await admitAll([
      scoped('a', first, second),
      scoped('b', second, first),
      scoped('a', first),
      scoped('a', first),
      scoped('-', second),
      scoped('b', second),
    ]);
    expect(verdicts(decisions)).toEqual([true, true, true, false, true, false]);
    expect(await used(first, 'a')).toEqual([2]);
    expect(await used(first, 'b')).toEqual([1]);
  });

  it('hands out no more leases than there are to requests that arrive together', async () => {
    const limit = connectionLimit({ maxConnections: 3 });
    const decisions = await admitAll(Array.from({ length: 5 }, () => requestFor([limit])));
    expect(verdicts(decisions)).toEqual([true, true, true, false, false]);
    expect(await used(limit)).toEqual([3]);
    underTest().admission.settle(admitted(at(decisions, 1)).reservation, {
      inputTokens: 0,
      outputTokens: 0,
    });
    await underTest().settled();
    expect(verdicts(await admitAll([requestFor([limit]), requestFor([limit])]))).toEqual([
      true,
      false,
    ]);
  });

  it('counts on when a limit is edited between requests that arrive together', async () => {
    const limit = requestLimit(2);
    const edited = { ...limit, spans: [requestSpan(4)] };
    const decisions = await admitAll(
      [limit, limit, limit, edited, edited, edited, limit].map((each) => requestFor([each])),
    );
    expect(verdicts(decisions)).toEqual([true, true, false, true, true, false, false]);
    expect(await used(limit)).toEqual([4]);
  });

  it('counts in shadow mode what arrives together', async () => {
    const shadow = requestLimit(1, { mode: 'shadow' });
    const decisions = await admitAll(Array.from({ length: 3 }, () => requestFor([shadow])));
    expect(decisions.map((each) => admitted(each).shadowRefusals.length)).toEqual([0, 1, 1]);
    expect(await used(shadow)).toEqual([3]);
  });
}
