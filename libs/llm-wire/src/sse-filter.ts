/**
 * Relays a stream event by event, without those the caller withholds: the usage chunk that only the
 * gateway asked for. Bytes of all else, comments included, pass unchanged as soon as their blank
 * line is there. Needed only for such streams; others are relayed chunk by chunk and merely read.
 */
import { GrowingBytes } from './growing-bytes.js';
import { MAX_SSE_BYTES, SseReader, type SseEvent, type SseFault } from './sse-reader.js';

const EMPTY = Buffer.alloc(0);

export class SseFilter {
  private readonly reader: SseReader;
  /** The unfinished event. */
  private readonly pending = new GrowingBytes();
  /** Stream offset of the first byte not yet sent on or dropped. */
  private offset = 0;
  private dropped: SseEvent[] = [];

  /**
   * @param keeps says of each event whether the client gets it
   * @param maxBytes cap of a line and an event's data; twice that for all lines of an event
   */
  constructor(
    keeps: (event: SseEvent) => boolean,
    private readonly maxBytes: number = MAX_SSE_BYTES,
  ) {
    this.reader = new SseReader((event) => {
      if (!keeps(event)) this.dropped.push(event);
    }, maxBytes);
  }

  /** @returns what may be sent on now, maybe nothing, or the fault that ended the stream */
  push(chunk: Buffer): Buffer | SseFault {
    const fault = this.reader.push(chunk);
    if (fault !== null) return fault;
    const ready = this.reader.wholeEventBytes - this.offset;
    if (ready === 0) {
      this.pending.append(chunk);
      return this.pending.length > 2 * this.maxBytes ? 'event_too_large' : EMPTY;
    }
    const source = this.takeWith(chunk);
    const kept = this.without(source.subarray(0, ready));
    if (ready < source.length) this.pending.append(source, ready);
    return kept;
  }

  /** @returns the rest, an event without its blank line included */
  end(): Buffer | SseFault {
    return this.reader.end() ?? this.without(this.pending.take());
  }

  private takeWith(chunk: Buffer): Buffer {
    if (this.pending.length === 0) return chunk;
    this.pending.append(chunk);
    return this.pending.take();
  }

  /** @param source the stream's bytes from `offset` on */
  private without(source: Buffer): Buffer {
    const start = this.offset;
    this.offset += source.length;
    if (this.dropped.length === 0) return source;
    const kept: Buffer[] = [];
    let from = 0;
    for (const event of this.dropped) {
      kept.push(source.subarray(from, event.start - start));
      from = event.end - start;
    }
    this.dropped = [];
    kept.push(source.subarray(from));
    return Buffer.concat(kept);
  }
}
