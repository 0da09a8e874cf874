/**
 * What an answer used, read in passing. Usage the upstream reports is the truth; for an answer
 * without it the text that was delivered is kept, within a bound, to be counted after the end.
 */
import type { IncomingHttpHeaders } from 'node:http';
import {
  SseReader,
  UsageReader,
  mayCarryUsage,
  outputTexts,
  parseEventData,
  streamEventKind,
  type SseEvent,
  type Usage,
  type WireProtocol,
} from '@ai-gateway/llm-wire';

/** Beyond this the rest is counted by its bytes, which errs high. */
const MAX_KEPT_BYTES = 1_048_576;

export interface Metered {
  /** What the upstream reported; in a stream that broke off, perhaps its input only. */
  readonly usage: Usage | null;
  /** Texts put out, to be counted; empty when the whole output was reported. */
  readonly texts: readonly string[];
  /** Answer bytes that were not kept. */
  readonly uncountedBytes: number;
  /** The protocol's own end was seen. */
  readonly complete: boolean;
}

export interface Metering {
  readonly isSse: boolean;
  onChunk(chunk: Buffer): void;
  result(): Metered;
}

/** @param protocol of the surface; null where no model answers */
export function meteringOf(
  protocol: WireProtocol | null,
  status: number,
  headers: IncomingHttpHeaders,
): Metering {
  const type = headers['content-type'] ?? '';
  if (protocol === null || status >= 400) return new NoMeter(type);
  const isReadable = isEventStream(type) && !isEncoded(headers);
  return isReadable ? new StreamMeter(protocol) : new AnswerMeter(protocol);
}

/** Upstreams are asked for `identity`; what is compressed all the same cannot be looked into. */
export const isEncoded = (headers: IncomingHttpHeaders): boolean =>
  (headers['content-encoding'] ?? 'identity') !== 'identity';

const isEventStream = (type: string): boolean => type.startsWith('text/event-stream');

/** Errors and plain services use no model tokens. */
class NoMeter implements Metering {
  readonly isSse: boolean;

  constructor(contentType: string) {
    this.isSse = isEventStream(contentType);
  }

  onChunk(): void {
    // nothing to read
  }

  result(): Metered {
    return { usage: null, texts: [], uncountedBytes: 0, complete: true };
  }
}

class AnswerMeter implements Metering {
  readonly isSse = false;
  private readonly chunks: Buffer[] = [];
  private keptBytes = 0;
  private droppedBytes = 0;

  constructor(private readonly protocol: WireProtocol) {}

  onChunk(chunk: Buffer): void {
    if (this.keptBytes + chunk.length > MAX_KEPT_BYTES * 8) this.droppedBytes += chunk.length;
    else this.chunks.push(chunk);
    this.keptBytes += chunk.length;
  }

  result(): Metered {
    const answer = this.droppedBytes === 0 ? parseEventData(Buffer.concat(this.chunks)) : undefined;
    const reader = new UsageReader(this.protocol);
    reader.read(answer);
    const { usage } = reader;
    if (answer === undefined) {
      return { usage, texts: [], uncountedBytes: this.keptBytes, complete: false };
    }
    const texts = usage === null ? outputTexts(this.protocol, answer) : [];
    return { usage, texts, uncountedBytes: 0, complete: true };
  }
}

class StreamMeter implements Metering {
  readonly isSse = true;
  private readonly usage: UsageReader;
  private readonly reader: SseReader;
  private readonly kept: Buffer[] = [];
  private keptBytes = 0;
  private droppedBytes = 0;
  private complete = false;
  private unreadable = false;

  constructor(private readonly protocol: WireProtocol) {
    this.usage = new UsageReader(protocol);
    this.reader = new SseReader(this.onEvent);
  }

  onChunk(chunk: Buffer): void {
    if (this.unreadable) this.droppedBytes += chunk.length;
    else if (this.reader.push(chunk) !== null) this.unreadable = true;
  }

  result(): Metered {
    const { usage } = this.usage;
    const { complete } = this;
    const isReported = complete && usage !== null && usage.outputTokens !== null;
    if (isReported) return { usage, texts: [], uncountedBytes: 0, complete };
    const texts = this.kept.flatMap(this.textsOf);
    return { usage, texts, uncountedBytes: this.droppedBytes, complete };
  }

  private readonly onEvent = (event: SseEvent): void => {
    const kind = streamEventKind(this.protocol, event);
    if (kind === 'done') this.complete = true;
    if (kind !== 'delta') return;
    if (mayCarryUsage(event.data)) this.usage.read(parseEventData(event.data));
    this.keep(event.data);
  };

  /** The reader's views are only valid within the callback. */
  private keep(data: Buffer): void {
    if (this.keptBytes + data.length > MAX_KEPT_BYTES) {
      this.droppedBytes += data.length;
      return;
    }
    this.keptBytes += data.length;
    this.kept.push(Buffer.from(data));
  }

  private readonly textsOf = (data: Buffer): string[] =>
    outputTexts(this.protocol, parseEventData(data));
}
