/**
 * From what a source delivered to a `ConfigFeed`. Checks the envelope of every change; values are
 * left to the receiver, because one bad value must not hide the others.
 */
import {
  configChangeSchema,
  configFeedSchema,
  configHeadSchema,
  type ConfigChange,
  type ConfigFeed,
  type ConfigHead,
} from '@ai-gateway/contracts';
import { EventLoopPacer } from './event-loop.pacer.js';

/** Bounds of one feed; above them it is refused as a whole. */
export interface FeedBounds {
  maxChanges: number;
  maxBytes: number;
}

/** 200,000 resources of 640 bytes. */
export const DEFAULT_FEED_BOUNDS: FeedBounds = { maxChanges: 200_000, maxBytes: 128 * 1024 * 1024 };

const NOT_A_FEED = 'the source did not answer with a configuration feed';

export function decodeHead(raw: unknown): ConfigHead {
  const head = configHeadSchema.safeParse(raw);
  if (!head.success) throw new Error('the source did not answer with a revision');
  return head.data;
}

/** @param decodeChange turns one raw item into an object, for example `JSON.parse` */
export async function decodeFeed(
  envelope: unknown,
  rawChanges: readonly unknown[],
  decodeChange: (raw: unknown) => unknown,
): Promise<ConfigFeed> {
  const head = configFeedSchema.omit({ changes: true }).safeParse(envelope);
  if (!head.success) throw new Error(NOT_A_FEED);
  const pacer = new EventLoopPacer();
  const changes: ConfigChange[] = [];
  for (const raw of rawChanges) {
    await pacer.pause();
    const change = configChangeSchema.safeParse(decodeChange(raw));
    if (!change.success) throw new Error(NOT_A_FEED);
    changes.push(change.data);
  }
  return { ...head.data, changes };
}
