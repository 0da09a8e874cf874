/**
 * What every feature stands on: settings, logger, metrics, the database, Redis if there is one, and
 * revisions. Global, so that features import only each other.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { createRedisConfigPublisher } from '@ai-gateway/config-feed';
import type { ConfigHead } from '@ai-gateway/contracts';
import { Counter, Gauge, deriveKey, type Logger, type Registry } from '@ai-gateway/node-runtime';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { sqlitePathOf, type Settings } from '../settings.js';
import { AuditTrail } from './audit/audit-trail.js';
import { AuditVerifier } from './audit/audit-verifier.js';
import { openDatabase, type Entities } from './database/data-source.js';
import { Database } from './database/database.js';
import { isStoreFailure } from './database/database-errors.js';
import { JobRunner } from './jobs/job-runner.js';
import { PlatformLifecycle } from './platform.lifecycle.js';
import { RedisConnection } from './redis/redis-connection.js';
import { Dependents } from './resources/dependents.js';
import { ChangeLog } from './revisions/change-log.js';
import { ChangeLogPruner } from './revisions/change-log.pruner.js';
import { ConfigRevisions } from './revisions/config-revisions.js';
import { ResourceTables, type TableOfKind } from './revisions/resource-tables.js';
import { EpochRenewal } from './revisions/epoch-renewal.js';
import { HeadWatch } from './revisions/head-watch.js';
import { RedisCopy } from './revisions/redis-copy.js';
import { StateRestorer } from './revisions/state-restorer.js';
import { LOGGER, REDIS, REDIS_COPY, REGISTRY, SETTINGS } from './tokens.js';

const DATABASE_RETRY_MS = 1000;

export interface PlatformOptions {
  settings: Settings;
  logger: Logger;
  registry: Registry;
  entities: Entities;
  tables: TableOfKind;
}

@Module({})
export class PlatformModule {
  static register(options: PlatformOptions): DynamicModule {
    const providers = [...values(options), ...factories(options.entities)];
    return {
      module: PlatformModule,
      global: true,
      providers: [...providers, PlatformLifecycle],
      exports: providers,
    };
  }
}

const values = ({ settings, logger, registry, tables }: PlatformOptions): Provider[] => [
  { provide: SETTINGS, useValue: settings },
  { provide: LOGGER, useValue: logger },
  { provide: REGISTRY, useValue: registry },
  { provide: ResourceTables, useValue: new ResourceTables(tables) },
  Dependents,
];

const auditKey = ({ masterKey }: Settings): Buffer => deriveKey(masterKey, 'audit-chain');

const factories = (entities: Entities): Provider[] => [
  {
    provide: Database,
    inject: [SETTINGS, LOGGER],
    useFactory: (settings: Settings, logger: Logger) => openWhenUp(settings, logger, entities),
  },
  { provide: ChangeLog, inject: [Database], useFactory: (db: Database) => new ChangeLog(db) },
  { provide: HeadWatch, inject: [ChangeLog, LOGGER, REGISTRY], useFactory: headWatch },
  {
    provide: AuditTrail,
    inject: [Database, SETTINGS],
    useFactory: (db: Database, settings: Settings) => new AuditTrail(db, auditKey(settings)),
  },
  {
    provide: AuditVerifier,
    inject: [Database, SETTINGS],
    useFactory: (db: Database, settings: Settings) => new AuditVerifier(db, auditKey(settings)),
  },
  {
    provide: ConfigRevisions,
    inject: [Database, HeadWatch, AuditTrail, ResourceTables],
    useFactory: (
      ...[database, heads, audit, tables]: [Database, HeadWatch, AuditTrail, ResourceTables]
    ) => new ConfigRevisions({ database, heads, audit, tables }),
  },
  {
    provide: StateRestorer,
    inject: [Database, ResourceTables],
    useFactory: (db: Database, tables: ResourceTables) => new StateRestorer(tables, db.kind),
  },
  { provide: JobRunner, inject: [Database, LOGGER, SETTINGS], useFactory: jobRunner },
  {
    provide: REDIS,
    inject: [SETTINGS, LOGGER],
    useFactory: ({ redisUrl }: Settings, logger: Logger) =>
      redisUrl === null ? null : new RedisConnection(redisUrl, logger),
  },
  {
    provide: EpochRenewal,
    inject: [Database, HeadWatch, AuditTrail, LOGGER, REGISTRY],
    useFactory: epochRenewal,
  },
  {
    provide: REDIS_COPY,
    inject: [REDIS, ChangeLog, EpochRenewal, LOGGER, REGISTRY],
    useFactory: redisCopy,
  },
];

/** A database that is not up yet is waited for; any other failure ends the start. */
async function openWhenUp(
  settings: Settings,
  logger: Logger,
  entities: Entities,
): Promise<Database> {
  const { databaseUrl } = settings;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openDatabase({ databaseUrl, sqlitePath: sqlitePathOf(settings), entities });
    } catch (err) {
      if (databaseUrl === null || !isStoreFailure(err)) throw err;
      if (attempt === 1) logger.warn({ err }, 'waiting for the database');
      await pause(DATABASE_RETRY_MS * (1 + Math.random()));
    }
  }
}

const HOUR_MS = 3_600_000;

/** With the jobs of the platform; features add theirs. */
function jobRunner(database: Database, logger: Logger, { revisionKeep }: Settings): JobRunner {
  const jobs = new JobRunner({ database, logger });
  const pruner = new ChangeLogPruner(database, revisionKeep);
  jobs.register({
    name: 'prune-change-log',
    everyMs: HOUR_MS,
    maxRunMs: HOUR_MS / 2,
    run: async (signal) => {
      const pruned = await pruner.prune(signal);
      if (pruned > 0) logger.info({ pruned }, 'old rows of the change log are gone');
    },
  });
  return jobs;
}

function headWatch(log: ChangeLog, logger: Logger, registry: Registry): HeadWatch {
  const watch = new HeadWatch(log, logger);
  new Gauge({
    name: 'config_center_revision',
    help: 'Newest configuration revision this process knows.',
    registers: [registry],
    collect() {
      this.set(watch.head?.revision ?? 0);
    },
  });
  return watch;
}

function epochRenewal(
  ...[database, heads, audit, logger, registry]: [Database, HeadWatch, AuditTrail, Logger, Registry]
): EpochRenewal {
  const renewals = new Counter({
    name: 'config_center_epoch_renewals_total',
    help: 'Times the database was found behind what had been seen, and the epoch renewed.',
    registers: [registry],
  });
  const onRenewed = () => renewals.inc();
  const renewal = new EpochRenewal({ database, heads, audit, logger, onRenewed });
  heads.whenBehind((known) => renewal.seen(known));
  return renewal;
}

function redisCopy(
  ...[connection, log, epochs, logger, registry]: [
    RedisConnection | null,
    ChangeLog,
    EpochRenewal,
    Logger,
    Registry,
  ]
): RedisCopy | null {
  const failures = new Counter({
    name: 'config_center_publish_failures_total',
    help: 'Failed attempts to bring the copy in Redis up to date.',
    registers: [registry],
  });
  if (connection === null) return null;
  const redis = connection.client;
  const publisher = createRedisConfigPublisher({ redis });
  const onFailure = () => failures.inc();
  const onSeen = (copy: ConfigHead) => epochs.seen(copy);
  return new RedisCopy({ redis, publisher, log, logger, onFailure, onSeen });
}
