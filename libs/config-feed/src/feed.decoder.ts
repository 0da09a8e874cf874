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

/** More than the caps of all kinds together allow, with as many deletions. */
export const DEFAULT_FEED_BOUNDS: FeedBounds = { maxChanges: 600_000, maxBytes: 128 * 1024 * 1024 };

/** Far above the largest valid value: that is refused by itself, not with all others. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const NOT_A_FEED = 'the source did not answer with a configuration feed';

export function decodeHead(raw: unknown): ConfigHead {
  const head = configHeadSchema.safeParse(raw);
  if (!head.success) throw new Error('the source did not answer with a revision');
  return head.data;
}

/** @param rawChanges one JSON text per change; no more than `maxChanges` are read */
export async function decodeFeed(
  envelope: unknown,
  rawChanges: Iterable<string> | AsyncIterable<string>,
  maxChanges: number,
): Promise<ConfigFeed> {
  const head = configFeedSchema.omit({ changes: true }).safeParse(envelope);
  if (!head.success) throw new Error(NOT_A_FEED);
  const pacer = new EventLoopPacer();
  const changes: ConfigChange[] = [];
  for await (const raw of rawChanges) {
    await pacer.pause();
    if (changes.length === maxChanges) throw new Error('the feed has too many changes');
    const change = configChangeSchema.safeParse(JSON.parse(raw));
    if (!change.success) throw new Error(NOT_A_FEED);
    changes.push(change.data);
  }
  return { ...head.data, changes };
}

/**
 * Decodes a feed of lines: the envelope, a change per line, and `{"end": <number of changes>}`, by
 * which one that was cut off is told from a whole one.
 */
export async function decodeFeedLines(
  lines: AsyncIterator<string>,
  maxChanges: number,
): Promise<ConfigFeed> {
  const first = await lines.next();
  const envelope: unknown = first.done === true ? null : JSON.parse(first.value);
  const tail: { end: string | null } = { end: null };
  async function* changes(): AsyncGenerator<string> {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      if (tail.end !== null) throw new Error(NOT_A_FEED);
      if (line.value.startsWith(END)) tail.end = line.value;
      else yield line.value;
    }
  }
  const feed = await decodeFeed(envelope, changes(), maxChanges);
  if (tail.end === null) throw new Error('the feed was cut off');
  const { end } = JSON.parse(tail.end) as { end: unknown };
  if (end !== feed.changes.length) throw new Error('the feed is not whole');
  return feed;
}

const END = '{"end":';
