/** Walks the whole audit chain, in pages, and says where it first breaks. */
import { setImmediate } from 'node:timers/promises';
import type { AuditVerification } from '@ai-gateway/contracts';
import { And, LessThanOrEqual, MoreThan } from 'typeorm';
import type { Database } from '../database/database.js';
import { faultOf } from './audit-chain.js';
import { AuditEntryEntity } from './audit-entry.entity.js';
import { AUDIT_HEAD_ID, AuditHeadEntity } from './audit-head.entity.js';

const PAGE = 1000;

export class AuditVerifier {
  constructor(
    private readonly database: Database,
    private readonly key: Buffer,
  ) {}

  /** Rows appended meanwhile are not looked at. */
  async verify(): Promise<AuditVerification> {
    const { last_seq, last_hash } = await this.database.manager.findOneByOrFail(AuditHeadEntity, {
      head_id: AUDIT_HEAD_ID,
    });
    const head = { seq: last_seq, hash: last_hash };
    let last = { seq: 0, hash: '' };
    while (last.seq < head.seq) {
      const rows = await this.rowsBetween(last.seq, head.seq);
      if (rows.length === 0) break;
      for (const row of rows) {
        const reason = faultOf(this.key, row, last);
        if (reason !== null) return verdict(last.seq, head, { seq: row.seq, reason });
        last = row;
      }
      await setImmediate();
    }
    return verdict(last.seq, head, endFault(last, head));
  }

  private rowsBetween(after: number, upTo: number): Promise<AuditEntryEntity[]> {
    return this.database.manager.find(AuditEntryEntity, {
      where: { seq: And(MoreThan(after), LessThanOrEqual(upTo)) },
      order: { seq: 'ASC' },
      take: PAGE,
    });
  }
}

interface Link {
  seq: number;
  hash: string;
}

type Fault = AuditVerification['fault'];

const verdict = (rows: number, head: Link, fault: Fault): AuditVerification => ({
  valid: fault === null,
  rows,
  head,
  fault,
});

function endFault(last: Link, head: Link): Fault {
  if (last.seq < head.seq) return { seq: last.seq, reason: `rows after ${last.seq} are missing` };
  return last.hash === head.hash ? null : { seq: last.seq, reason: 'does not end at its head' };
}
