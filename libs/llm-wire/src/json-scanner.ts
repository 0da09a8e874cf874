/**
 * The scanner's single pass: a loop over tokens, iterative, with one small stack. It keeps track of
 * nothing but what `json-scan.ts` reports.
 */
import type { ClientErrorReason } from '@ai-gateway/contracts';
import type { KeyNode, WatchedKeys } from './watched-keys.js';

/** Half-open: `start` is the first byte, `end` the byte after the last. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface JsonLimits {
  /** Containers within each other; the outermost counts. */
  readonly maxDepth: number;
  /** List elements and object members, all levels together. */
  readonly maxElements: number;
}

export type JsonRefusalReason = Extract<
  ClientErrorReason,
  'invalid_encoding' | 'invalid_json' | 'json_too_deep' | 'json_too_large' | 'duplicate_key'
>;

export interface JsonRefusal {
  readonly ok: false;
  readonly reason: JsonRefusalReason;
  /** Byte offset for the scanner's reasons, character offset for `invalid_json`, if known. */
  readonly position: number | null;
  /** The dotted path that appears twice. */
  readonly param: string | null;
}

/** Where the watched values of a body stand. */
export class JsonScan {
  readonly ok = true;

  constructor(
    private readonly keys: WatchedKeys,
    private readonly starts: number[],
    private readonly ends: number[],
  ) {}

  /** The bytes of the value at a watched dotted path; null when the body lacks it. */
  rangeOf(path: string): ByteRange | null {
    const id = this.keys.idByPath.get(path);
    if (id === undefined) return null;
    const start = this.starts[id] ?? -1;
    const end = this.ends[id] ?? -1;
    return end < 0 ? null : { start, end };
  }
}

export const jsonRefusal = (
  reason: JsonRefusalReason,
  position: number | null,
  param: string | null = null,
): JsonRefusal => ({ ok: false, reason, position, param });

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const LOWER_U = 0x75;

/** Strings up to this length are cheaper to walk than to search. */
const WALKED_BYTES = 48;

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Bytes at which a number or a literal ends. */
const ENDS_SCALAR = new Uint8Array(256);
for (const byte of [0x20, 0x0a, 0x0d, 0x09]) ENDS_SCALAR[byte] = 1;
for (const byte of Buffer.from('",:{}[]')) ENDS_SCALAR[byte] = 1;

export class JsonScanner {
  private pos = 0;
  private elements = 0;
  private failure: JsonRefusal | null = null;

  /** Per open container: its watched node, whether it is a list, the index of its next element. */
  private readonly nodes: (KeyNode | null)[] = [];
  private readonly lists: boolean[] = [];
  private readonly indexes: number[] = [];

  private expectKey = false;
  /** Has the last string an escape in it? */
  private hasEscape = false;
  private nextQuote = -1;
  private nextBackslash = -1;
  /** Watched node of the value that comes next. */
  private next: KeyNode | null;

  private readonly starts: number[];
  private readonly ends: number[];

  constructor(
    private readonly bytes: Buffer,
    private readonly keys: WatchedKeys,
    private readonly limits: JsonLimits,
  ) {
    this.next = keys.root;
    this.starts = new Array<number>(keys.size).fill(-1);
    this.ends = new Array<number>(keys.size).fill(-1);
  }

  run(): JsonScan | JsonRefusal {
    const { bytes } = this;
    while (this.pos < bytes.length && this.failure === null) {
      const byte = bytes[this.pos];
      if (isSpace(byte)) this.pos++;
      else if (byte === QUOTE) this.readString();
      else if (byte === COMMA) this.readComma();
      else if (byte === COLON) this.pos++;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.open(byte === OPEN_LIST);
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) this.close();
      else this.readScalar();
    }
    return this.failure ?? new JsonScan(this.keys, this.starts, this.ends);
  }

  private readString(): void {
    const start = this.pos;
    const end = this.endOfString(start + 1);
    if (this.expectKey) {
      this.expectKey = false;
      this.pos = end;
      this.readKey(start, end);
      return;
    }
    this.beginValue();
    this.pos = end;
    this.endValue(this.next);
  }

  /**
   * Short strings are walked; in long ones the next quote and the next backslash are searched for,
   * each remembered until it is passed, so that all searches together run over the body once.
   * @returns the byte after the closing quote, or the end of the body
   */
  private endOfString(from: number): number {
    const { bytes } = this;
    const { length } = bytes;
    let walkEnd = Math.min(from + WALKED_BYTES, length);
    let pos = from;
    this.hasEscape = false;
    while (pos < length) {
      if (pos >= walkEnd) {
        pos = this.nextQuoteOrBackslash(pos);
        walkEnd = Math.min(pos + WALKED_BYTES, length);
        if (pos >= length) break;
      }
      const byte = bytes[pos];
      if (byte === QUOTE) return pos + 1;
      if (byte === BACKSLASH) pos = this.skipEscape(pos);
      else pos++;
    }
    return length;
  }

  private nextQuoteOrBackslash(pos: number): number {
    if (this.nextQuote < pos) this.nextQuote = this.find(QUOTE, pos);
    if (this.nextBackslash < pos) this.nextBackslash = this.find(BACKSLASH, pos);
    return Math.min(this.nextQuote, this.nextBackslash);
  }

  private find(byte: number, from: number): number {
    const at = this.bytes.indexOf(byte, from);
    return at === -1 ? this.bytes.length : at;
  }

  /** A lone surrogate has no UTF-8 form: whoever re-encodes it changes the text silently. */
  private skipEscape(pos: number): number {
    this.hasEscape = true;
    if (this.bytes[pos + 1] !== LOWER_U) return pos + 2;
    const unit = this.escapedUnit(pos);
    if (unit < 0xd800 || unit > 0xdfff) return pos + 6;
    const low = this.escapedUnit(pos + 6);
    if (unit <= 0xdbff && low >= 0xdc00 && low <= 0xdfff) return pos + 12;
    this.failure = jsonRefusal('invalid_encoding', pos);
    return this.bytes.length;
  }

  /** The UTF-16 unit of `\uXXXX` at `pos`, -1 if there is none. */
  private escapedUnit(pos: number): number {
    const { bytes } = this;
    if (bytes[pos] !== BACKSLASH || bytes[pos + 1] !== LOWER_U) return -1;
    const unit = Number.parseInt(bytes.toString('latin1', pos + 2, pos + 6), 16);
    return Number.isNaN(unit) ? -1 : unit;
  }

  private readKey(start: number, end: number): void {
    const parent = this.nodes[this.nodes.length - 1] ?? null;
    this.next = null;
    if (parent === null || parent.children.size === 0) return;
    const child = this.hasEscape
      ? (parent.children.get(decodedKey(this.bytes, start, end)) ?? null)
      : childNamed(parent, this.bytes, start + 1, end - 1);
    if (child === null) return;
    if (this.starts[child.id] !== -1) {
      this.failure = jsonRefusal('duplicate_key', start, this.keys.pathById[child.id] ?? null);
    }
    this.next = child;
  }

  private readComma(): void {
    this.pos++;
    const top = this.nodes.length - 1;
    if (top < 0) return;
    if (this.lists[top] === true) this.nextElement(top);
    else this.expectKey = true;
  }

  private nextElement(top: number): void {
    const node = this.nodes[top] ?? null;
    const index = (this.indexes[top] ?? 0) + 1;
    this.indexes[top] = index;
    this.next = childAt(node, index);
  }

  private open(isList: boolean): void {
    const node = this.next;
    this.beginValue();
    if (this.nodes.length >= this.limits.maxDepth) {
      this.failure = jsonRefusal('json_too_deep', this.pos);
      return;
    }
    this.nodes.push(node);
    this.lists.push(isList);
    this.indexes.push(0);
    this.expectKey = !isList;
    this.next = isList ? childAt(node, 0) : null;
    this.pos++;
  }

  private close(): void {
    this.pos++;
    const node = this.nodes.pop() ?? null;
    this.lists.pop();
    this.indexes.pop();
    this.expectKey = false;
    this.endValue(node);
  }

  private readScalar(): void {
    const { bytes } = this;
    this.beginValue();
    let pos = this.pos + 1;
    while (pos < bytes.length && ENDS_SCALAR[bytes[pos] ?? 0] === 0) pos++;
    this.pos = pos;
    this.endValue(this.next);
  }

  private beginValue(): void {
    this.elements++;
    if (this.elements > this.limits.maxElements) {
      this.failure = jsonRefusal('json_too_large', this.pos);
    }
    if (this.next !== null) this.starts[this.next.id] = this.pos;
  }

  private endValue(node: KeyNode | null): void {
    if (node !== null) this.ends[node.id] = this.pos;
    this.next = null;
  }
}

const childAt = (node: KeyNode | null, index: number): KeyNode | null =>
  node === null || node.children.size === 0 ? null : (node.children.get(String(index)) ?? null);

function childNamed(node: KeyNode, bytes: Buffer, start: number, end: number): KeyNode | null {
  const candidates = node.byLength[end - start];
  if (candidates === undefined) return null;
  for (const { bytes: key, node: child } of candidates) {
    let index = 0;
    while (index < key.length && key[index] === bytes[start + index]) index++;
    if (index === key.length) return child;
  }
  return null;
}

/** The key between and with the quotes at `start` and before `end`, spelled with escapes. */
function decodedKey(bytes: Buffer, start: number, end: number): string {
  try {
    return JSON.parse(bytes.toString('utf8', start, end)) as string;
  } catch {
    return '';
  }
}
