/** The only reader of the environment in this process. */
import { join } from 'node:path';
import {
  REDIS_SECRETS,
  loadSettings,
  newMasterKeyText,
  parseMasterKey,
  readOrCreateSecretFile,
  redisShape,
  redisUrlOf,
  setting,
  type Environment,
  type MasterKey,
} from '@ai-gateway/node-runtime';
import { newPasswordSchema, type LogLevel } from '@ai-gateway/contracts';
import { z } from 'zod';

/** Documented in `docs/reference/settings.md`, which a test compares with this shape. */
export const SETTINGS_SHAPE = {
  CONFIG_CENTER_PORT: setting.port(8001).describe('port of the admin API'),
  SERVER_HOST: setting.text('127.0.0.1').describe('address to listen on'),
  LOG_LEVEL: setting.logLevel().describe('debug, info, warn or error'),
  DEBUG: setting.flag(false).describe('true: log level debug'),
  DATA_DIR: setting.text('./data').describe('embedded database and generated secrets'),
  TOKENIZER_DIR: z
    .string()
    .optional()
    .describe('folder of added vocabularies; unset: tokenizers in DATA_DIR'),
  DATABASE_URL: z
    .url({ protocol: /^(mysql|mariadb)$/ })
    .optional()
    .describe('mysql://user:password@host:port/database; unset: embedded SQLite in DATA_DIR'),
  MYSQL_HOST: z
    .string()
    .optional()
    .describe('with the other MYSQL_* parts: instead of DATABASE_URL'),
  MYSQL_PORT: setting.port(3306).describe('port of the database'),
  MYSQL_USER: z.string().optional().describe('user of the database'),
  MYSQL_PASSWORD: z.string().optional().describe('password of the database user'),
  MYSQL_DATABASE: setting.text('ai_gateway_config').describe('name of the database'),
  ...redisShape,
  MASTER_KEY: z
    .string()
    .optional()
    .describe('32 bytes as base64 or hex; seals upstream credentials; unset: made in DATA_DIR'),
  JWT_PRIVATE_KEY: z
    .string()
    .optional()
    .describe('Ed25519 keys (PEM) for access tokens, the first signs; unset: from MASTER_KEY'),
  JWT_SECRET: z
    .string()
    .optional()
    .describe('instead: HS256 secrets of at least 32 bytes, parted by spaces, the first signs'),
  BOOTSTRAP_ADMIN_PASSWORD: newPasswordSchema
    .optional()
    .describe('password of the first user, admin; unset: a one-time password is printed'),
  GATEWAY_SERVICE_CREDENTIAL: setting
    .credential()
    .optional()
    .describe('what gateways show; unset: made in DATA_DIR'),
  GATEWAY_MANAGEMENT_URL: z
    .url({ protocol: /^https?$/ })
    .default('http://127.0.0.1:9081')
    .describe('management listener of the gateway that holds the counters, without Redis'),
  UPSTREAM_ALLOW_ADDRESSES: setting
    .list()
    .describe('CIDRs upstream targets may have although the address policy denies them'),
  MOCK_LLM_URL: z
    .url({ protocol: /^https?$/ })
    .default('http://127.0.0.1:8003')
    .describe('target of the demo upstreams'),
  INSTANCE_RETENTION_HOURS: setting
    .count(24, 1, 8760)
    .describe('gateways that are gone stay listed this long'),
  BACKUP_DIR: z
    .string()
    .optional()
    .describe('folder of backups; unset: backups in DATA_DIR with SQLite, else none'),
  BACKUP_INTERVAL_HOURS: setting.count(24, 1, 8760).describe('hours between backups'),
  BACKUP_KEEP: setting.count(14, 1, 10_000).describe('how many backups are kept'),
  REVISION_KEEP: setting
    .count(10_000, 100, 10_000_000)
    .describe('how many revisions back can be seen, compared and gone back to'),
  SEED_DEMO_DATA: setting.flag(false).describe('seed the demo data at start'),
  CONFIG_CENTER_STALE_READ_SEC: setting
    .count(600, 0, 86_400)
    .describe(
      'database away: a token checked this long ago still reads what is in memory; 0: never',
    ),
  CONFIG_CENTER_DOCS: z
    .stringbool()
    .optional()
    .describe('serve /docs and /docs-json to anyone; unset: only while SERVER_HOST is loopback'),
} as const;

export const SETTINGS_SECRETS = [
  'DATABASE_URL',
  'MYSQL_PASSWORD',
  ...REDIS_SECRETS,
  'MASTER_KEY',
  'JWT_PRIVATE_KEY',
  'JWT_SECRET',
  'BOOTSTRAP_ADMIN_PASSWORD',
  'GATEWAY_SERVICE_CREDENTIAL',
] as const;

export interface Settings {
  port: number;
  host: string;
  logLevel: LogLevel;
  dataDir: string;
  /** Vocabularies beside the built-in ones, for trying out token rules. */
  tokenizerDir: string;
  /** Null: the embedded SQLite file. */
  databaseUrl: string | null;
  /** Null: embedded mode without Redis. */
  redisUrl: string | null;
  masterKey: MasterKey;
  jwtPrivateKey: string | null;
  jwtSecret: string | null;
  bootstrapAdminPassword: string | null;
  serviceCredential: string;
  gatewayManagementUrl: string;
  upstreamAllowAddresses: readonly string[];
  mockLlmUrl: string;
  instanceRetentionHours: number;
  /** Null: no backups. */
  backupDir: string | null;
  backupIntervalHours: number;
  backupKeep: number;
  revisionKeep: number;
  seedDemoData: boolean;
  serveDocs: boolean;
  staleReadMs: number;
}

export const settingsSpec = {
  shape: SETTINGS_SHAPE,
  ownPrefix: 'CONFIG_CENTER_',
  foreign: ['CONFIG_CENTER_URL'],
  secrets: SETTINGS_SECRETS,
} as const;

export function readSettings(env: Environment = process.env): Settings {
  const values = loadSettings(settingsSpec, env);
  const dataDir = values.DATA_DIR;
  return {
    port: values.CONFIG_CENTER_PORT,
    host: values.SERVER_HOST,
    logLevel: values.DEBUG ? 'debug' : values.LOG_LEVEL,
    dataDir,
    tokenizerDir: values.TOKENIZER_DIR ?? join(dataDir, 'tokenizers'),
    databaseUrl: databaseUrlOf(values),
    redisUrl: redisUrlOf(values),
    masterKey: parseMasterKey(
      values.MASTER_KEY ?? readOrCreateSecretFile(dataDir, 'master.key', newMasterKeyText),
    ),
    jwtPrivateKey: values.JWT_PRIVATE_KEY ?? null,
    jwtSecret: values.JWT_SECRET ?? null,
    bootstrapAdminPassword: values.BOOTSTRAP_ADMIN_PASSWORD ?? null,
    serviceCredential:
      values.GATEWAY_SERVICE_CREDENTIAL ??
      readOrCreateSecretFile(dataDir, 'service.credential', newMasterKeyText),
    gatewayManagementUrl: values.GATEWAY_MANAGEMENT_URL,
    upstreamAllowAddresses: allowedAddresses(values),
    mockLlmUrl: values.MOCK_LLM_URL,
    instanceRetentionHours: values.INSTANCE_RETENTION_HOURS,
    backupDir:
      values.BACKUP_DIR ?? (databaseUrlOf(values) === null ? join(dataDir, 'backups') : null),
    backupIntervalHours: values.BACKUP_INTERVAL_HOURS,
    backupKeep: values.BACKUP_KEEP,
    revisionKeep: values.REVISION_KEEP,
    seedDemoData: values.SEED_DEMO_DATA,
    serveDocs: values.CONFIG_CENTER_DOCS ?? isLoopback(values.SERVER_HOST),
    staleReadMs: values.CONFIG_CENTER_STALE_READ_SEC * 1000,
  };
}

export const sqlitePathOf = ({ dataDir }: Pick<Settings, 'dataDir'>): string =>
  join(dataDir, 'config-center.sqlite');

/** With the embedded database everything runs on one machine, so targets on loopback are expected. */
const LOOPBACK = ['127.0.0.0/8', '::1/128'];
const allowedAddresses = (values: Values): string[] =>
  databaseUrlOf(values) === null
    ? [...LOOPBACK, ...values.UPSTREAM_ALLOW_ADDRESSES]
    : values.UPSTREAM_ALLOW_ADDRESSES;

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

type Values = z.output<z.ZodObject<typeof SETTINGS_SHAPE>>;

function databaseUrlOf(values: Values): string | null {
  if (values.DATABASE_URL !== undefined) return values.DATABASE_URL;
  if (values.MYSQL_HOST === undefined) return null;
  const url = new URL(`mysql://${values.MYSQL_HOST}:${values.MYSQL_PORT}`);
  url.username = encodeURIComponent(values.MYSQL_USER ?? '');
  url.password = encodeURIComponent(values.MYSQL_PASSWORD ?? '');
  url.pathname = `/${encodeURIComponent(values.MYSQL_DATABASE)}`;
  return url.href;
}
