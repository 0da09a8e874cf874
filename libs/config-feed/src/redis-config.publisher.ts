/**
 * Writes the copy of the configuration that gateways read from Redis. The database stays the only
 * truth: this copy may be lost, torn or behind at any time and is then rebuilt by `replaceAll`.
 * Rejected: writing keys one by one (readers would see mixtures) and a blind overwrite by whoever
 * comes last (two publishers could take the copy backwards).
 */
import { randomUUID } from 'node:crypto';
import {
  CONFIG_CHANGED_CHANNEL,
  configHeadSchema,
  feedKeys,
  type ConfigChange,
  type ConfigFeed,
  type ConfigHead,
} from '@ai-gateway/contracts';
import type { Cluster, Redis } from 'ioredis';
import { RedisScript } from './redis-script.js';

/**
 * `published`: the copy stands at the revision given and gateways were woken. `stale`: the copy is
 * there already or further, nothing to do. `gap`: the copy is absent, torn, of another epoch or
 * misses earlier revisions; call `replaceAll` with the whole configuration.
 */
export type PublishOutcome = 'published' | 'stale' | 'gap';

export interface ConfigRevision extends ConfigHead {
  /** All changes of this one revision, at most one per resource; a null value is a deletion. */
  changes: readonly ConfigChange[];
}

export interface RedisConfigPublisher {
  /** Adds the one revision that follows the stored one. Publishing again is harmless. */
  publish(revision: ConfigRevision): Promise<PublishOutcome>;
  /** Replaces everything; accepts any epoch and, within the stored one, no lower revision. */
  replaceAll(feed: ConfigFeed): Promise<PublishOutcome>;
  /** Where the copy stands, null when there is none. */
  head(): Promise<ConfigHead | null>;
}

export interface RedisConfigPublisherOptions {
  /** Connected client of the caller, who also closes it. */
  redis: Redis | Cluster;
  /** How many revisions gateways may lag and still get a delta. */
  keptRevisions?: number;
}

const KEPT_REVISIONS = 1_000;
const CHUNK_RESOURCES = 500;
const STAGING_TTL_SEC = 120;

const publishScript = new RedisScript('publish.lua');
const replaceAllScript = new RedisScript('replace-all.lua');

export function createRedisConfigPublisher({
  redis,
  keptRevisions = KEPT_REVISIONS,
}: RedisConfigPublisherOptions): RedisConfigPublisher {
  const keys = [feedKeys.head, feedKeys.log, feedKeys.resources];

  return {
    async publish({ epoch, revision, changes }) {
      const floor = Math.max(0, revision - keptRevisions);
      const outcome = await publishScript.run(redis, keys, [
        epoch,
        revision,
        revision - 1,
        floor,
        CONFIG_CHANGED_CHANNEL,
        wakeMessage({ epoch, revision }),
        ...changes.flatMap(toArguments),
      ]);
      return outcome as PublishOutcome;
    },

    async replaceAll({ epoch, revision, changes }) {
      const live = changes.filter((change) => !isDeletion(change));
      const staging = feedKeys.staging(randomUUID());
      await stage(redis, staging, live);
      const outcome = await replaceAllScript.run(
        redis,
        [...keys, staging],
        [epoch, revision, live.length, CONFIG_CHANGED_CHANNEL, wakeMessage({ epoch, revision })],
      );
      return outcome as PublishOutcome;
    },

    async head() {
      const [epoch, revision] = await redis.hmget(feedKeys.head, 'epoch', 'revision');
      const head = configHeadSchema.safeParse({ epoch, revision: Number(revision) });
      return head.success ? head.data : null;
    },
  };
}

const isDeletion = (change: ConfigChange) => change.value === null || change.value === undefined;

const fieldOf = ({ kind, id }: ConfigChange) => `${kind}:${id}`;

const toArguments = (change: ConfigChange) => [
  fieldOf(change),
  JSON.stringify(change),
  isDeletion(change) ? '1' : '0',
];

const wakeMessage = (head: ConfigHead) => JSON.stringify(head);

async function stage(
  redis: Redis | Cluster,
  key: string,
  changes: readonly ConfigChange[],
): Promise<void> {
  for (let start = 0; start < changes.length; start += CHUNK_RESOURCES) {
    const chunk = changes.slice(start, start + CHUNK_RESOURCES);
    await redis.hset(key, ...chunk.flatMap((change) => [fieldOf(change), JSON.stringify(change)]));
    await redis.expire(key, STAGING_TTL_SEC);
  }
}
