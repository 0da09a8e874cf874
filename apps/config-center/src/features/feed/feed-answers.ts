/**
 * Feeds on their way to gateways, as lines: the envelope, one change per line, and the number of
 * changes at the end. Gateways that ask for the same content at the same time share one read of the
 * database: the first to need a page reads it, the others find it there. A page is read when a
 * reader wants it and stays until the last of them has it; an answer nobody takes is cut off.
 */
import type { ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import type { PagedFeed } from '../../platform/revisions/change-log.js';

/** A reader that takes nothing for this long is gone. */
const STALL_MS = 10_000;
/** Instances that start together don't ask at the same millisecond. */
const LINGER_MS = 1_000;
const PART_BYTES = 256 * 1024;

@Injectable()
export class FeedAnswers {
  private readonly open = new Map<string, SharedFeed>();

  async send(feed: PagedFeed, response: ServerResponse): Promise<void> {
    const shared = this.join(feed);
    try {
      // What cannot be read at all is still an error with a status.
      await shared.part(0);
      response.writeHead(200, {
        'content-type': 'application/x-ndjson; charset=utf-8',
        'cache-control': 'no-store',
      });
      response.setTimeout(STALL_MS, () => response.destroy());
      await pipeline(Readable.from(shared.parts()), response);
    } catch (error) {
      if (!response.destroyed) throw error;
    } finally {
      this.leave(feed.key, shared);
    }
  }

  private join(feed: PagedFeed): SharedFeed {
    const shared = this.open.get(feed.key) ?? new SharedFeed(feed);
    this.open.set(feed.key, shared);
    shared.readers += 1;
    return shared;
  }

  private leave(key: string, shared: SharedFeed): void {
    shared.readers -= 1;
    if (shared.readers > 0) return;
    const drop = (): void => {
      if (shared.readers === 0 && this.open.get(key) === shared) this.open.delete(key);
    };
    if (shared.isWhole) setTimeout(drop, LINGER_MS).unref();
    else drop();
  }
}

class SharedFeed {
  readers = 0;
  isWhole = false;
  private readonly read: (Promise<Buffer | null> | undefined)[] = [];
  private readonly source: AsyncGenerator<Buffer>;

  constructor(feed: PagedFeed) {
    this.source = partsOf(feed);
  }

  /** In order; null behind the last. */
  part(index: number): Promise<Buffer | null> {
    return (this.read[index] ??= this.next());
  }

  async *parts(): AsyncGenerator<Buffer> {
    for (let index = 0; ; index += 1) {
      const part = await this.part(index);
      if (part === null) return;
      yield part;
    }
  }

  private async next(): Promise<Buffer | null> {
    const part = await this.source.next();
    if (part.done !== true) return part.value;
    this.isWhole = true;
    return null;
  }
}

/** The envelope goes out with the first changes. */
async function* partsOf({
  epoch,
  revision,
  type,
  pages,
}: PagedFeed): AsyncGenerator<Buffer, undefined> {
  let text = `${JSON.stringify({ epoch, revision, type })}\n`;
  let changes = 0;
  for await (const page of pages()) {
    for (const change of page) {
      text += `${JSON.stringify(change)}\n`;
      changes += 1;
      if (text.length < PART_BYTES) continue;
      yield Buffer.from(text, 'utf8');
      text = '';
      await setImmediate();
    }
  }
  yield Buffer.from(`${text}${JSON.stringify({ end: changes })}\n`, 'utf8');
}
