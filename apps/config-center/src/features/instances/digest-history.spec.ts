import type { ConfigChange, ConfigFeed, ConfigHead } from '@ai-gateway/contracts';
import { ConfigDigest } from '@ai-gateway/config-feed';
import { beforeEach, describe, expect, it } from 'vitest';
import { DigestHistory, type DigestSource } from './digest-history.js';
import { DigestWatch } from './digest-watch.js';
import { heartbeatOf } from './heartbeat.samples.js';

const change = (id: number, revision: number, value: object | null): ConfigChange => ({
  kind: 'rule',
  id,
  revision,
  value,
});

class ScriptedLog implements DigestSource {
  epoch = 'epoch-of-test';
  readonly changes: ConfigChange[] = [];
  fullReads = 0;
  failures = 0;

  async head(): Promise<ConfigHead> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the database is away');
    }
    return { epoch: this.epoch, revision: this.changes.at(-1)?.revision ?? 0 };
  }

  async changesOf(revision: number): Promise<ConfigChange[]> {
    return this.changes.filter((each) => each.revision === revision);
  }

  async feedSince(): Promise<ConfigFeed> {
    this.fullReads += 1;
    const live = new Map(this.changes.map((each) => [each.id, each]));
    const changes = [...live.values()].filter(({ value }) => value !== null);
    return { ...(await this.head()), type: 'full', changes };
  }
}

function digestOf(values: Readonly<Record<number, object>>): string {
  const digest = new ConfigDigest();
  for (const [id, value] of Object.entries(values)) digest.set('rule', Number(id), value);
  return digest.hex;
}

let log: ScriptedLog;
let history: DigestHistory;
const at = (revision: number) => history.digestAt({ epoch: log.epoch, revision });

beforeEach(() => {
  log = new ScriptedLog();
  log.changes.push(change(1, 1, { a: 1 }), change(2, 2, { a: 2 }));
  history = new DigestHistory(log, { warn: () => undefined });
});

describe('the digests of past revisions', () => {
  it('are added up from changes, not computed from everything again', async () => {
    await history.follow();
    log.changes.push(change(1, 3, { a: 9 }), change(2, 4, null), change(3, 4, { a: 3 }));
    await history.follow();
    expect(at(2)).toBe(digestOf({ 1: { a: 1 }, 2: { a: 2 } }));
    expect(at(3)).toBe(digestOf({ 1: { a: 9 }, 2: { a: 2 } }));
    expect(at(4)).toBe(digestOf({ 1: { a: 9 }, 3: { a: 3 } }));
    expect(log.fullReads).toBe(1);
  });

  it('are not known before the first computation and after a thousand revisions', async () => {
    await history.follow();
    expect(at(1)).toBeNull();
    for (let revision = 3; revision <= 1_100; revision += 1) {
      log.changes.push(change(4, revision, { revision }));
      if (revision % 100 === 0) await history.follow();
    }
    expect([at(100), at(101)]).toEqual([
      null,
      digestOf({ 1: { a: 1 }, 2: { a: 2 }, 4: { revision: 101 } }),
    ]);
  });

  it('begin anew in a new epoch', async () => {
    await history.follow();
    const before = { epoch: log.epoch, revision: 2 };
    log.epoch = 'another-epoch';
    await history.follow();
    expect(history.digestAt(before)).toBeNull();
    expect(at(2)).toBe(digestOf({ 1: { a: 1 }, 2: { a: 2 } }));
  });

  it('are right after the database was away in between', async () => {
    await history.follow();
    log.changes.push(change(1, 3, { a: 9 }));
    log.failures = 1;
    await history.follow();
    await history.follow();
    expect(at(3)).toBe(digestOf({ 1: { a: 9 }, 2: { a: 2 } }));
    await history.stop();
  });
});

describe('a digest that differs', () => {
  it('leads to a reload when two heartbeats in a row say so, and again if that did not help', () => {
    const told: string[] = [];
    const watch = new DigestWatch(({ instance_id }) => void told.push(instance_id));
    const judge = (matches: boolean | null) => watch.judge(heartbeatOf('gw-1'), matches);
    expect([judge(false), judge(null), judge(false), judge(true), judge(false)]).toEqual(
      Array(5).fill(false),
    );
    expect([judge(false), judge(false), judge(false)]).toEqual([true, false, true]);
    expect(told).toEqual(['gw-1', 'gw-1']);
  });
});
