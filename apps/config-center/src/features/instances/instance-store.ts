/** The table all config-centers share. */
import { heartbeatSchema } from '@ai-gateway/contracts';
import { Injectable } from '@nestjs/common';
import { LessThan, MoreThanOrEqual } from 'typeorm';
import { Database } from '../../platform/database/database.js';
import { InstanceEntity } from './instance.entity.js';
import type { InstanceRecord } from './instance-record.js';

const ROWS_PER_STATEMENT = 200;

@Injectable()
export class InstanceStore {
  constructor(private readonly database: Database) {}

  /** A report another version wrote and this one cannot read is left out until the next one. */
  async seenSince(ms: number): Promise<InstanceRecord[]> {
    const where = { last_seen_at: MoreThanOrEqual(new Date(ms)) };
    const rows = await this.database.manager.findBy(InstanceEntity, where);
    return rows.flatMap(({ report, first_seen_at, last_seen_at }) => {
      const { success, data } = heartbeatSchema.safeParse(report);
      if (!success) return [];
      const times = { firstSeenMs: first_seen_at.getTime(), lastSeenMs: last_seen_at.getTime() };
      return [{ report: data, ...times }];
    });
  }

  /** One statement; who wrote a process first decides when it was first seen. */
  async save(records: readonly InstanceRecord[]): Promise<void> {
    for (let start = 0; start < records.length; start += ROWS_PER_STATEMENT) {
      const rows = records.slice(start, start + ROWS_PER_STATEMENT).map(rowOf);
      await this.database.transaction((manager) =>
        manager
          .createQueryBuilder()
          .insert()
          .into(InstanceEntity)
          .values(rows)
          .orUpdate(['last_seen_at', 'report'], ['instance_id', 'process_id'])
          .execute(),
      );
    }
  }

  async removeSeenBefore(ms: number): Promise<void> {
    await this.database.transaction((manager) =>
      manager.delete(InstanceEntity, { last_seen_at: LessThan(new Date(ms)) }),
    );
  }

  async remove(records: readonly InstanceRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.database.transaction(async (manager) => {
      for (const { report } of records) {
        const { instance_id, process_id } = report;
        await manager.delete(InstanceEntity, { instance_id, process_id });
      }
    });
  }
}

const rowOf = ({ report, firstSeenMs, lastSeenMs }: InstanceRecord): InstanceEntity => ({
  instance_id: report.instance_id,
  process_id: report.process_id,
  first_seen_at: new Date(firstSeenMs),
  last_seen_at: new Date(lastSeenMs),
  report,
});
