/**
 * Incremental reader of `text/event-stream`, on bytes. It only looks: the caller relays the bytes
 * untouched and learns per event its type, its data and where it ends. Lines end with LF, CRLF or
 * CR, also when a chunk ends between CR and LF; events are found per the HTML standard.
 *
 * Work per event is two `indexOf` and one `subarray`; bytes are copied only for lines that lie in
 * several chunks. Rejected: decoding to strings first, which splits UTF-8 between chunks.
 *
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
import { GrowingBytes } from './growing-bytes.js';

export interface SseEvent {
  /** `message` unless an `event` field says otherwise. */
  readonly type: string;
  /** Payload, lines joined with LF. A view: copy it to keep it beyond the callback. */
  readonly data: Buffer;
  /** Offsets in the stream: from the blank line before the event to the end of its own. */
  readonly start: number;
  readonly end: number;
}

/** The stream has a line, or an event, above the cap; nothing is read after it. */
export type SseFault = 'line_too_long' | 'event_too_large';

export const MAX_SSE_BYTES = 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const SPACE = 0x20;
const EMPTY = Buffer.alloc(0);
const NEWLINE = Buffer.from('\n');
const DATA = Buffer.from('data');
const EVENT = Buffer.from('event');

export class SseReader {
  private fault: SseFault | null = null;
  /** The unfinished line. */
  private readonly carry = new GrowingBytes();
  private skipLf = false;
  private atStreamStart = true;

  /** Offset in the stream of the first byte of the current chunk, and of the current event. */
  private chunkStart = 0;
  private eventStart = 0;

  private type = '';
  private data: Buffer | null = null;
  /** Set when the event has more than one data line. */
  private readonly joined = new GrowingBytes();
  private dataBytes = 0;

  /** @param maxBytes cap of one line and of one event's data */
  constructor(
    private readonly onEvent: (event: SseEvent) => void,
    private readonly maxBytes: number = MAX_SSE_BYTES,
  ) {}

  /** Bytes of the stream up to the last blank line: whole events and comments. */
  get wholeEventBytes(): number {
    return this.eventStart;
  }

  /** Reads on; calls `onEvent` for each event that ends within the chunk. */
  push(chunk: Buffer): SseFault | null {
    if (this.fault !== null || chunk.length === 0) return this.fault;
    let from = 0;
    if (this.skipLf && chunk[0] === LF) from = 1;
    this.skipLf = false;
    const hasCr = chunk.includes(CR, from);
    while (from < chunk.length && !this.isBroken) {
      const lineEnd = hasCr ? nextLineEnd(chunk, from) : chunk.indexOf(LF, from);
      if (lineEnd === -1) {
        this.keep(chunk, from, chunk.length);
        break;
      }
      const next = this.afterLineEnd(chunk, lineEnd);
      this.readLine(chunk, from, lineEnd, this.chunkStart + next);
      from = next;
    }
    this.chunkStart += chunk.length;
    return this.fault;
  }

  /**
   * The upstream is done: an event without its blank line is still delivered. Browsers drop it,
   * the official model SDKs read it, and it may carry the usage.
   */
  end(): SseFault | null {
    if (this.fault !== null) return this.fault;
    if (this.carry.length > 0) this.readLine(EMPTY, 0, 0, this.chunkStart);
    this.dispatch(this.chunkStart);
    return this.fault;
  }

  private get isBroken(): boolean {
    return this.fault !== null;
  }

  private afterLineEnd(chunk: Buffer, lineEnd: number): number {
    if (chunk[lineEnd] === LF) return lineEnd + 1;
    if (chunk[lineEnd + 1] === LF) return lineEnd + 2;
    this.skipLf = lineEnd + 1 === chunk.length;
    return lineEnd + 1;
  }

  private keep(chunk: Buffer, from: number, to: number): void {
    if (this.carry.length + to - from > this.maxBytes) this.fail('line_too_long');
    else this.carry.append(chunk, from, to);
  }

  /** @param after offset in the stream of the byte after the line's end */
  private readLine(chunk: Buffer, from: number, lineEnd: number, after: number): void {
    if (this.carry.length === 0) {
      if (lineEnd - from > this.maxBytes) this.fail('line_too_long');
      else this.readField(chunk, from, lineEnd, after);
      return;
    }
    this.keep(chunk, from, lineEnd);
    if (this.fault !== null) return;
    const line = this.carry.take();
    this.readField(line, 0, line.length, after);
  }

  private readField(line: Buffer, from: number, end: number, after: number): void {
    let start = from;
    if (this.atStreamStart) {
      this.atStreamStart = false;
      if (line[start] === 0xef && line[start + 1] === 0xbb && line[start + 2] === 0xbf) start += 3;
    }
    if (start >= end) this.dispatch(after);
    else if (isField(DATA, line, start, end)) this.addData(line, start, end);
    else if (isField(EVENT, line, start, end)) {
      this.type = line.toString('utf8', valueStart(line, start + EVENT.length, end), end);
    }
  }

  private addData(line: Buffer, start: number, end: number): void {
    const value = line.subarray(valueStart(line, start + DATA.length, end), end);
    this.dataBytes += value.length + 1;
    if (this.dataBytes - 1 > this.maxBytes) this.fail('event_too_large');
    else if (this.data === null) this.data = value;
    else this.joinData(this.data, value);
  }

  private joinData(first: Buffer, value: Buffer): void {
    if (this.joined.length === 0) this.joined.append(first);
    this.joined.append(NEWLINE);
    this.joined.append(value);
  }

  private dispatch(after: number): void {
    const { data, type } = this;
    const start = this.eventStart;
    this.eventStart = after;
    if (data === null) {
      this.forgetEvent();
      return;
    }
    const whole = this.joined.length === 0 ? data : this.joined.take();
    this.forgetEvent();
    this.onEvent({ type: type === '' ? 'message' : type, data: whole, start, end: after });
  }

  private forgetEvent(): void {
    this.type = '';
    this.data = null;
    this.dataBytes = 0;
    if (this.joined.length > 0) this.joined.take();
  }

  private fail(fault: SseFault): void {
    this.fault = fault;
    this.carry.take();
    this.forgetEvent();
  }
}

/** Only for chunks that hold a CR: two `indexOf` per line could each run over the whole chunk. */
function nextLineEnd(chunk: Buffer, from: number): number {
  for (let pos = from; pos < chunk.length; pos++) {
    const byte = chunk[pos];
    if (byte === LF || byte === CR) return pos;
  }
  return -1;
}

/** Is the line the field `name`, with or without a value? */
function isField(name: Buffer, line: Buffer, start: number, end: number): boolean {
  const after = start + name.length;
  if (after > end || (after < end && line[after] !== COLON)) return false;
  for (let index = 0; index < name.length; index++) {
    if (line[start + index] !== name[index]) return false;
  }
  return true;
}

/** @param nameEnd where the colon stands, if there is one */
function valueStart(line: Buffer, nameEnd: number, end: number): number {
  const start = Math.min(nameEnd + 1, end);
  return start < end && line[start] === SPACE ? start + 1 : start;
}
