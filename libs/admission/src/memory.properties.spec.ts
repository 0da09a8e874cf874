import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Admitted } from './admission.port.js';
import { limitOf, requestFor } from './limit-builders.contract.js';
import { createMemoryAdmission } from './memory.admission.js';
import { firstExcess, ReferenceLimiter, type Charge } from './reference-limiter.contract.js';

const ALGORITHMS = ['sliding_window', 'fixed_window', 'token_bucket', 'leaky_bucket'] as const;

const span = fc.record({
  algorithm: fc.constantFrom(...ALGORITHMS),
  spanMs: fc.oneof(fc.integer({ min: 1000, max: 5000 }), fc.constantFrom(60_000, 2_678_400_000)),
  limit: fc.integer({ min: 0, max: 60 }),
});
const window = span.map((any) => ({ ...any, algorithm: 'sliding_window' as const }));

/** Waits are parts of the span, from nothing to several spans. */
const arrival = fc.record({
  wait: fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 0.2, noNaN: true }),
    fc.double({ min: 0, max: 3, noNaN: true }),
  ),
  units: fc.integer({ min: 1, max: 25 }),
});
const settlement = fc.record({
  which: fc.nat(20),
  used: fc.integer({ min: 0, max: 40 }),
});
const start = fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 });

const compiled = (of: { spanMs: number; limit: number; algorithm: (typeof ALGORITHMS)[number] }) =>
  limitOf({ spans: [{ measure: 'input_tokens', ...of }] });

describe('limits in memory against a limiter that adds everything up', () => {
  it('decide alike and never charge more than the published bound', () => {
    const holds = fc.property(
      span,
      start,
      fc.array(arrival, { maxLength: 80 }),
      (of, from, all) => {
        let nowMs = from;
        const admission = createMemoryAdmission({ clock: () => nowMs });
        const reference = new ReferenceLimiter(of);
        const limit = compiled(of);
        for (const { wait, units } of all) {
          nowMs += Math.floor(wait * of.spanMs);
          const decision = admission.decide(requestFor([limit], { inputTokens: units }));
          expect(decision.allowed).toBe(reference.admit(units, nowMs) !== null);
        }
        expect(firstExcess(of, reference.charges)).toBeNull();
      },
    );
    fc.assert(holds, { numRuns: 400 });
  });

  it('admit exactly at the announced reset of a window, not a millisecond before', () => {
    const holds = fc.property(
      window,
      start,
      fc.array(arrival, { maxLength: 60 }),
      (of, from, all) => {
        let nowMs = from;
        const admission = createMemoryAdmission({ clock: () => nowMs });
        const limit = compiled({ ...of, limit: of.limit + 25 });
        for (const { wait, units } of all) {
          nowMs += Math.floor(wait * of.spanMs);
          const request = requestFor([limit], { inputTokens: units });
          const decision = admission.decide(request);
          if (decision.allowed) continue;
          nowMs += (decision.refusal?.resetMs ?? 0) - 1;
          expect(admission.decide(request).allowed).toBe(false);
          nowMs += 1;
          expect(admission.decide(request).allowed).toBe(true);
        }
      },
    );
    fc.assert(holds, { numRuns: 200 });
  });

  it('count alike when reservations are settled, late or twice', async () => {
    const steps = fc.array(fc.oneof(arrival, settlement), { maxLength: 80 });
    const holds = fc.asyncProperty(window, start, steps, async (of, from, all) => {
      let nowMs = from;
      const admission = createMemoryAdmission({ clock: () => nowMs });
      const reference = new ReferenceLimiter(of);
      const limit = compiled(of);
      const open: { decision: Admitted; charge: Charge; isSettled: boolean }[] = [];
      for (const step of all) {
        if ('units' in step) {
          nowMs += Math.floor(step.wait * of.spanMs);
          const decision = admission.decide(requestFor([limit], { inputTokens: step.units }));
          const charge = reference.admit(step.units, nowMs);
          if (decision.allowed && charge) open.push({ decision, charge, isSettled: false });
          else if (decision.allowed || charge) throw new Error('decided differently');
        } else {
          const one = open[step.which % open.length];
          if (one === undefined) continue;
          const usage = { inputTokens: step.used, outputTokens: 0 };
          admission.settle(one.decision.reservation, usage);
          if (!one.isSettled) one.charge.units = step.used;
          one.isSettled = true;
        }
        const [state] = await admission.read(1, limit, '-');
        expect(state?.used).toBe(reference.usedAt(nowMs));
      }
    });
    await fc.assert(holds, { numRuns: 300 });
  });
});
