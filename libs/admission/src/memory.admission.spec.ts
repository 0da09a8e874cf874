import { describe, expect, it } from 'vitest';
import { describeAdmission } from './admission.contract.js';
import {
  admitted,
  connectionLimit,
  limitOf,
  requestFor,
  requestSpan,
} from './limit-builders.contract.js';
import { createMemoryAdmission } from './memory.admission.js';

const START_MS = 1_800_000_000_123;

describe('limits in memory', () => {
  let nowMs = START_MS;
  const admission = createMemoryAdmission({ clock: () => nowMs });

  describeAdmission(() => ({
    admission,
    counters: admission,
    pass: (ms) => {
      nowMs += ms;
      return Promise.resolve();
    },
    settled: () => Promise.resolve(),
  }));
});

describe('memory of the limiter', () => {
  it('drops counters that have emptied', () => {
    let nowMs = START_MS;
    const admission = createMemoryAdmission({ clock: () => nowMs });
    const limit = limitOf({
      spans: [requestSpan(5, 1000), requestSpan(5, 1000, 'token_bucket')],
      lease: { maxConnections: 5, maxAgeMs: 1000 },
    });
    for (let user = 0; user < 100; user += 1) {
      admission.decide(requestFor([], { limits: [{ limit, scope: `user${user}` }] }));
    }
    expect(admission.size).toBe(300);
    nowMs += 2000;
    for (let request = 0; request < 400; request += 1) admission.decide(requestFor([]));
    expect(admission.size).toBe(0);
  });

  it('stays within its number of counters however many scopes come', () => {
    const admission = createMemoryAdmission({ clock: () => START_MS, maxCounters: 10 });
    const limit = limitOf({ spans: [requestSpan(5)] });
    for (let user = 0; user < 1000; user += 1) {
      admission.decide(requestFor([], { limits: [{ limit, scope: `user${user}` }] }));
    }
    expect(admission.size).toBe(10);
  });

  it('starts anew instead of locking out when the clock is set far back', () => {
    let nowMs = START_MS;
    const admission = createMemoryAdmission({ clock: () => nowMs });
    const limit = limitOf({ spans: [requestSpan(1, 1000), requestSpan(1, 1000, 'token_bucket')] });
    admitted(admission.decide(requestFor([limit])));
    nowMs -= 3_600_000;
    const again = admission.decide(requestFor([limit]));
    nowMs += 1000;
    expect([again.allowed, admission.decide(requestFor([limit])).allowed]).toEqual([false, true]);
  });

  it('never counts connections below zero', async () => {
    const admission = createMemoryAdmission({ clock: () => START_MS });
    const limit = connectionLimit({ maxConnections: 3 });
    const { reservation } = admitted(admission.decide(requestFor([limit])));
    for (let i = 0; i < 3; i += 1) {
      admission.settle({ ...reservation }, { inputTokens: 0, outputTokens: 0 });
    }
    expect(await admission.read(1, limit, '-')).toMatchObject([{ used: 0 }]);
  });
});
