import { beforeEach, describe, expect, it } from 'vitest';
import { ServiceBreaker } from './service-breaker.js';

describe('the breaker', () => {
  let nowMs: number;
  let changes: boolean[];
  let breaker: ServiceBreaker;
  beforeEach(() => {
    nowMs = 0;
    changes = [];
    breaker = new ServiceBreaker({
      failuresToOpen: 3,
      openMs: 2000,
      nowMs: () => nowMs,
      onChange: (isOpen) => changes.push(isOpen),
    });
  });
  const fail = (times: number) => {
    for (let turn = 0; turn < times; turn += 1) breaker.failed(new Error('away'));
  };

  it('opens after failures in a row, and says so once', () => {
    fail(2);
    breaker.succeeded();
    fail(2);
    expect(breaker.tryEnter()).toBe(true);
    fail(3);
    expect(breaker.tryEnter()).toBe(false);
    expect(changes).toEqual([true]);
  });

  it('lets one try after a while, and all when that one succeeds', () => {
    fail(3);
    nowMs = 2000;
    expect([breaker.tryEnter(), breaker.tryEnter()]).toEqual([true, false]);
    breaker.failed(new Error('still away'));
    expect(breaker.tryEnter()).toBe(false);
    nowMs = 4000;
    expect(breaker.tryEnter()).toBe(true);
    breaker.succeeded();
    expect([breaker.tryEnter(), breaker.tryEnter()]).toEqual([true, true]);
    expect(changes).toEqual([true, false]);
  });

  it('lets another try when the one that tried never came back', () => {
    fail(3);
    nowMs = 2000;
    expect(breaker.tryEnter()).toBe(true);
    nowMs = 4000;
    expect(breaker.tryEnter()).toBe(true);
  });
});
