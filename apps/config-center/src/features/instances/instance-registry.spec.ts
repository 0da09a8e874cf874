import { beforeEach, describe, expect, it } from 'vitest';
import { heartbeatOf } from './heartbeat.samples.js';
import { keyOf, type InstanceRecord } from './instance-record.js';
import { InstanceRegistry, type InstanceTable } from './instance-registry.js';

const HOUR_MS = 3_600_000;

/** What several config-centers share. */
class MemoryTable implements InstanceTable {
  readonly rows = new Map<string, InstanceRecord>();
  isUp = true;
  saves = 0;

  async seenSince(ms: number): Promise<InstanceRecord[]> {
    this.require();
    return [...this.rows.values()].filter(({ lastSeenMs }) => lastSeenMs >= ms);
  }

  async save(records: readonly InstanceRecord[]): Promise<void> {
    this.require();
    this.saves += 1;
    for (const record of records) {
      const key = keyOf(record.report);
      const firstSeenMs = this.rows.get(key)?.firstSeenMs ?? record.firstSeenMs;
      this.rows.set(key, { ...record, firstSeenMs });
    }
  }

  async remove(records: readonly InstanceRecord[]): Promise<void> {
    this.require();
    for (const { report } of records) this.rows.delete(keyOf(report));
  }

  async removeSeenBefore(ms: number): Promise<void> {
    this.require();
    for (const [key, { lastSeenMs }] of this.rows) if (lastSeenMs < ms) this.rows.delete(key);
  }

  private require(): void {
    if (!this.isUp) throw new Error('the database is away');
  }
}

let table: MemoryTable;
let nowMs: number;
let log: string[];

const keep = (_fields: object, message?: string): void => void log.push(message ?? '');
const logger = { info: (text: string) => void log.push(text), warn: keep } as never;

function registry(): InstanceRegistry {
  return new InstanceRegistry({ table, logger, retentionMs: HOUR_MS, nowMs: () => nowMs });
}
const names = (records: readonly InstanceRecord[]) =>
  records.map(({ report }) => `${report.instance_id} ${report.process_id}`);

beforeEach(() => {
  table = new MemoryTable();
  nowMs = 1_000_000;
  log = [];
});

describe('the registry of instances', () => {
  it('goes on from memory while the database is away, says so once, and writes all of it later', async () => {
    const instances = registry();
    table.isUp = false;
    instances.record(heartbeatOf('gw-1'));
    await instances.save();
    instances.record(heartbeatOf('gw-2'));
    await instances.save();
    expect(instances.presumedLive()).toHaveLength(2);
    expect(instances.isShared).toBe(false);
    expect(log).toHaveLength(1);
    table.isUp = true;
    instances.record(heartbeatOf('gw-2'));
    await instances.save();
    expect(table.rows.size).toBe(2);
    expect(log).toHaveLength(2);
  });

  it('refuses heartbeats of more processes than it can keep, not of those it knows', () => {
    const instances = registry();
    for (let n = 0; n < 5_000; n += 1) instances.record(heartbeatOf(`gw-${n}`));
    expect(() => instances.record(heartbeatOf('one-more'))).toThrow(
      expect.objectContaining({ code: 'OVERLOADED' }),
    );
    expect(() => instances.record(heartbeatOf('gw-7'))).not.toThrow();
    nowMs += 15_001;
    expect(() => instances.record(heartbeatOf('one-more'))).not.toThrow();
  });

  it('knows what another config-center was told', async () => {
    const [here, there] = [registry(), registry()];
    await here.refresh(0);
    there.record(heartbeatOf('gw-1', { revision: 8 }));
    await there.save();
    await here.refresh(0);
    expect(here.current().map(({ report }) => report.revision)).toEqual([8]);
  });

  it('keeps the newer of two heartbeats, whoever received it', async () => {
    const [here, there] = [registry(), registry()];
    there.record(heartbeatOf('gw-1', { revision: 8 }));
    await there.save();
    nowMs += 2_000;
    here.record(heartbeatOf('gw-1', { revision: 9 }));
    await here.refresh(0);
    expect(here.current()).toMatchObject([{ report: { revision: 9 }, firstSeenMs: 1_000_000 }]);
  });

  it('writes all heartbeats that wait in one statement', async () => {
    const instances = registry();
    for (let n = 0; n < 50; n += 1) instances.record(heartbeatOf(`gw-${n}`));
    await instances.save();
    expect(table.rows.size).toBe(50);
    expect(table.saves).toBeLessThanOrEqual(2);
  });

  it('takes a restarted gateway for the same instance', () => {
    const instances = registry();
    instances.record(heartbeatOf('gw-1', { process_id: 'before-restart' }));
    nowMs += 3_000;
    instances.record(heartbeatOf('gw-1', { process_id: 'after-restart' }));
    expect(names(instances.current())).toEqual(['gw-1 after-restart']);
  });

  it('shows two processes that live under one name, until one is gone', () => {
    const instances = registry();
    const beat = (process_id: string) => instances.record(heartbeatOf('gw-1', { process_id }));
    beat('the-older-one');
    nowMs += 1_000;
    beat('the-newer-one');
    nowMs += 1_000;
    beat('the-older-one');
    expect(names(instances.presumedLive())).toEqual(['gw-1 the-newer-one', 'gw-1 the-older-one']);
    nowMs += 15_500;
    beat('the-newer-one');
    expect(names(instances.current())).toEqual(['gw-1 the-newer-one']);
  });

  it('counts nobody who is gone or stopping', () => {
    const instances = registry();
    instances.record(heartbeatOf('gone'));
    nowMs += 15_001;
    instances.record(heartbeatOf('stops', { state: 'stopping' }));
    instances.record(heartbeatOf('lives'));
    expect(instances.presumedLive().map(({ report }) => report.instance_id)).toEqual(['lives']);
    expect(instances.current()).toHaveLength(3);
  });

  it('after an outage of the control plane counts whoever lived when it began, at first', async () => {
    const before = registry();
    for (const id of ['gw-1', 'gw-2', 'gw-3']) before.record(heartbeatOf(id));
    await before.save();
    nowMs += 600_000;
    const after = registry();
    await after.refresh(0);
    after.record(heartbeatOf('gw-1'));
    expect(after.presumedLive()).toHaveLength(3);
    nowMs += 15_001;
    after.record(heartbeatOf('gw-1'));
    expect(after.presumedLive()).toHaveLength(1);
  });

  it('forgets those gone for longer than the retention, here and in the table', async () => {
    const instances = registry();
    instances.record(heartbeatOf('gw-1'));
    instances.record(heartbeatOf('gw-2', { process_id: 'before-restart' }));
    await instances.save();
    nowMs += HOUR_MS - 1;
    instances.record(heartbeatOf('gw-2', { process_id: 'after-restart' }));
    await instances.save();
    await instances.prune();
    expect(instances.current()).toHaveLength(2);
    expect(table.rows.size).toBe(2);
    nowMs += 2;
    await instances.prune();
    expect(names(instances.current())).toEqual(['gw-2 after-restart']);
    expect([...table.rows.values()]).toHaveLength(1);
  });
});
