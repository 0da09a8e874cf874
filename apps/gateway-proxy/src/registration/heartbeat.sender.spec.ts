import type { Heartbeat, HeartbeatAnswer } from '@ai-gateway/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HeartbeatSender } from './heartbeat.sender.js';

const ANSWER: HeartbeatAnswer = {
  live_instances: 3,
  head: { epoch: 'epoch-of-test', revision: 7 },
  reload: false,
  id_conflict: false,
};

let sent: Heartbeat['state'][];
let answer: () => Promise<HeartbeatAnswer>;
let told: string[];
let sender: HeartbeatSender;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  told = [];
  answer = () => Promise.resolve(ANSWER);
  const tell = (_fields: object, text?: string): void => void told.push(text ?? '');
  sender = new HeartbeatSender({
    report: async (state) => ({ state }) as Heartbeat,
    post: ({ state }) => {
      sent.push(state);
      return answer();
    },
    onHead: ({ revision }) => void told.push(`head ${revision}`),
    onReload: () => void told.push('reload'),
    onFailure: () => void told.push('failure'),
    logger: { info: (text: string) => void told.push(text), warn: tell, error: tell },
    random: () => 0.5,
  });
});
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('heartbeats', () => {
  it('go on while nobody answers, keep what was known, and warn once', async () => {
    sender.start();
    await pass(0);
    answer = () => Promise.reject(new Error('nobody there'));
    await pass(6_000);
    expect(sent).toHaveLength(4);
    expect(told.filter((text) => text === 'failure')).toHaveLength(3);
    expect(told.filter((text) => text.includes('takes no heartbeat'))).toHaveLength(1);
    expect(sender.liveInstances).toBe(3);
    answer = () => Promise.resolve(ANSWER);
    await pass(2_000);
    expect(told.at(-2)).toBe('head 7');
    expect(told.at(-1)).toContain('again');
  });

  it('are sent every two seconds, and at once after news', async () => {
    sender.soon();
    await pass(10_000);
    expect(sent).toEqual([]);
    sender.start();
    await pass(2_000);
    expect(sent).toHaveLength(2);
    sender.soon();
    await pass(0);
    expect(sent).toHaveLength(3);
    await pass(1_999);
    expect(sent).toHaveLength(3);
  });

  it('are one at a time; all news meanwhile becomes one more', async () => {
    const pending = Promise.withResolvers<HeartbeatAnswer>();
    answer = () => pending.promise;
    sender.start();
    await pass(0);
    for (let news = 0; news < 5; news += 1) sender.soon();
    await pass(5_000);
    expect(sent).toHaveLength(1);
    pending.resolve(ANSWER);
    answer = () => Promise.resolve(ANSWER);
    await pass(0);
    expect(sent).toHaveLength(2);
  });

  it('tell that this gateway stops, a last time when it has, and then nothing', async () => {
    sender.start();
    await pass(0);
    sender.beginStopping();
    await pass(0);
    await sender.stop();
    await sender.stop();
    sender.soon();
    await pass(10_000);
    expect(sent).toEqual(['live', 'stopping', 'stopping']);
  });

  it('pass on what the answer asks for, and log a taken name once', async () => {
    answer = () => Promise.resolve({ ...ANSWER, reload: true, id_conflict: true });
    sender.start();
    await pass(4_000);
    expect(told.filter((text) => text === 'reload')).toHaveLength(3);
    expect(told.filter((text) => text.includes('GATEWAY_INSTANCE_ID'))).toHaveLength(1);
  });
});
