/**
 * Puts the end of the audit chain into the process log once an hour, where whoever can write to the
 * database cannot change it: the only thing that shows an end that was cut off together with its head.
 */
import type { Logger } from '@ai-gateway/node-runtime';
import { Inject, Injectable } from '@nestjs/common';
import { AUDIT_HEAD_ID, AuditHeadEntity } from '../../platform/audit/audit-head.entity.js';
import { Database } from '../../platform/database/database.js';
import { JobRunner } from '../../platform/jobs/job-runner.js';
import { LOGGER } from '../../platform/tokens.js';

const EVERY_MS = 3_600_000;
const MAX_RUN_MS = 10_000;

@Injectable()
export class AuditHeadJob {
  constructor(
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    jobs: JobRunner,
  ) {
    const run = () => this.run();
    jobs.register({ name: 'audit-head', everyMs: EVERY_MS, maxRunMs: MAX_RUN_MS, run });
  }

  async run(): Promise<void> {
    const where = { head_id: AUDIT_HEAD_ID };
    const { last_seq: seq, last_hash: hash } = await this.database.manager.findOneByOrFail(
      AuditHeadEntity,
      where,
    );
    this.logger.info({ seq, hash }, 'audit head');
  }
}
