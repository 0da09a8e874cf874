/**
 * The rules this service counts by: published ones, followed from config-center or Redis, in front
 * of the built-in ones. With every source away the last known ones go on, from memory or, after a
 * restart, from disk; without any, the built-in ones serve alone.
 */
import { createHash, hkdfSync } from 'node:crypto';
import { join } from 'node:path';
import {
  ConfigFollower,
  ConfigStore,
  DiskSnapshot,
  SnapshotKeeper,
  createHttpConfigSource,
  createRedisConfigSource,
  type ConfigSource,
  type SealingKey,
} from '@ai-gateway/config-feed';
import { ensureDataDir, type Logger } from '@ai-gateway/node-runtime';
import { ConfiguredModels } from '@ai-gateway/tokenizer';
import type { Settings } from '../../settings.js';
import { onlyTokenRules } from './token-rules.source.js';

const FILE_NAME = 'token-rules.snapshot';

export class RunningRules {
  models = new ConfiguredModels([]);
  private readonly store: ConfigStore<ConfiguredModels>;
  private readonly follower: ConfigFollower<ConfiguredModels> | null;
  private readonly keeper: SnapshotKeeper | null;

  constructor(
    settings: Settings,
    private readonly logger: Logger,
    sources: readonly ConfigSource[] = sourcesOf(settings),
  ) {
    this.store = new ConfigStore<ConfiguredModels>({
      compile: ({ token_rule }) => ({
        table: new ConfiguredModels(token_rule.values()),
        problems: [],
      }),
      install: (models) => (this.models = models),
    });
    const isFollowing = sources.length > 0;
    this.keeper = isFollowing ? keeperOf(settings, logger, () => this.store.capture()) : null;
    this.follower = isFollowing ? this.followerOf(sources.map(onlyTokenRules)) : null;
  }

  /** Of the configuration; null: only built-in rules are known. */
  get revision(): number | null {
    return this.store.applied?.revision ?? null;
  }

  /** Resolves when every source had its first chance, or a snapshot serves. */
  async start(): Promise<void> {
    if (this.follower === null) return;
    const { applied } = await this.follower.start();
    if (applied === null) this.logger.warn('no published rules yet, built-in ones serve');
  }

  async close(): Promise<void> {
    await this.follower?.close();
    await this.keeper?.close();
  }

  private followerOf(sources: readonly ConfigSource[]): ConfigFollower<ConfiguredModels> {
    const { logger, keeper } = this;
    return new ConfigFollower({
      store: this.store,
      sources,
      loadSnapshot: async () => (await keeper?.load()) ?? null,
      onContact: (atMs) => keeper?.confirmed(atMs),
      onApplied: ({ head, nacks, source }) => {
        const { revision } = head;
        logger.info({ revision, source, refused: nacks.length }, 'rules of counting applied');
        if (source !== 'snapshot') keeper?.touch();
      },
      onSourceState: (source, problem) => {
        if (problem === null) logger.info({ source }, 'source of rules is back');
        else logger.warn({ source, problem }, 'source of rules fails, known rules go on');
      },
    });
  }
}

function sourcesOf({ redisUrl, configCenter }: Settings): ConfigSource[] {
  return [
    ...(redisUrl === null ? [] : [createRedisConfigSource({ redis: redisUrl })]),
    ...(configCenter === null ? [] : [createHttpConfigSource(configCenter)]),
  ];
}

/** Null without a credential: then nothing would seal the file. */
function keeperOf(
  { sealingSecret, dataDir }: Settings,
  logger: Logger,
  capture: SnapshotKeeperCapture,
): SnapshotKeeper | null {
  if (sealingSecret === null) return null;
  try {
    ensureDataDir(dataDir);
  } catch (err) {
    logger.warn({ err, folder: dataDir }, 'DATA_DIR cannot be made, rules are not kept on disk');
    return null;
  }
  const disk = new DiskSnapshot(join(dataDir, FILE_NAME), sealingKeyOf(sealingSecret));
  return new SnapshotKeeper({
    disk,
    capture,
    onDiscarded: (err) => logger.warn({ err, file: disk.path }, 'the rules on disk are unusable'),
    onWriteFailed: () => undefined,
    onWriteState: (err) => {
      if (err !== null) logger.warn({ err, file: disk.path }, 'the rules cannot be kept on disk');
    },
  });
}

type SnapshotKeeperCapture = ConstructorParameters<typeof SnapshotKeeper>[0]['capture'];

/** Rules are no secret; the seal says that nobody else wrote them. This service has no master key. */
function sealingKeyOf(secret: string): SealingKey {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'ai-gateway token rules', 32));
  return { kid: createHash('sha256').update(key).digest('hex').slice(0, 8), key };
}
