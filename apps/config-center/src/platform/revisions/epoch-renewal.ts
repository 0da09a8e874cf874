/**
 * A database that was restored from a backup, or lost its last commits, stands at a lower revision
 * than somebody has already seen: the same numbers will come to mean something else. Whoever has
 * seen more says so here, and the epoch is renewed, so that every reader loads everything anew.
 * One conditional update decides, on what is committed now, so late or repeated evidence is harmless.
 */
import { randomBytes } from 'node:crypto';
import type { ConfigHead } from '@ai-gateway/contracts';
import type { Logger } from '@ai-gateway/node-runtime';
import type { AuditTrail } from '../audit/audit-trail.js';
import type { Database } from '../database/database.js';
import { readHead } from './change-log.js';
import { ConfigStateEntity, STATE_ID } from './config-state.entity.js';
import type { HeadWatch } from './head-watch.js';

const EPOCH_BYTES = 16;

export interface EpochRenewalDeps {
  database: Database;
  heads: HeadWatch;
  audit: AuditTrail;
  logger: Logger;
  onRenewed: () => void;
}

export class EpochRenewal {
  constructor(private readonly deps: EpochRenewalDeps) {}

  /**
   * Somebody has seen this head, which is further than what was just read from the database. Rejects
   * only when the database is away.
   */
  async seen(evidence: ConfigHead): Promise<void> {
    if (this.deps.heads.head?.epoch !== evidence.epoch) return;
    const head = await this.deps.database.transaction(async (manager) => {
      const { affected } = await manager
        .createQueryBuilder()
        .update(ConfigStateEntity)
        .set({ epoch: randomBytes(EPOCH_BYTES).toString('hex') })
        .where('state_id = :id AND epoch = :epoch AND revision < :revision', {
          id: STATE_ID,
          ...evidence,
        })
        .execute();
      if (affected !== 1) return null;
      const renewed = await readHead(manager);
      const event = { action: 'renew_epoch', objectType: 'config_state', before: evidence };
      await this.deps.audit.append(manager, [{ ...event, after: renewed }]);
      return renewed;
    });
    if (head === null) return;
    this.deps.logger.warn({ seen: evidence, head }, 'the database went back; the epoch is renewed');
    this.deps.onRenewed();
    this.deps.heads.announce(head);
  }
}
