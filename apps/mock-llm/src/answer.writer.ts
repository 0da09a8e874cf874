/** Sends an answer the way its script says: pace, cuts through bytes, and faults after n deltas. */
import { CLIENT_ERRORS } from '@ai-gateway/contracts';
import { errorEvent, type WireProtocol } from '@ai-gateway/llm-wire';
import type { StreamPart } from './answer.js';
import type { Exchange } from './exchange.js';
import type { Script } from './script.schema.js';

const LINE_ENDS = { lf: '\n', crlf: '\r\n', cr: '\r' } as const;

const STREAM_HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
} as const;

type Fault = 'reset' | 'stall' | 'end' | 'error';

const FAULTS: readonly (readonly [Fault, keyof Script])[] = [
  ['reset', 'reset_after'],
  ['stall', 'stall_after'],
  ['end', 'end_after'],
  ['error', 'error_after'],
];

export class AnswerWriter {
  private deltas = 0;

  constructor(
    private readonly exchange: Exchange,
    private readonly protocol: WireProtocol,
    private readonly script: Script,
  ) {}

  /** @param onEmitted is told of each delta that was written */
  async stream(parts: Iterable<StreamPart>, onEmitted: (part: StreamPart) => void): Promise<void> {
    const { exchange, script } = this;
    for (const part of parts) {
      const fault = part.kind === 'start' ? null : this.dueFault();
      if (fault !== null) return this.break(fault);
      if (!exchange.isAnswered) exchange.head(200, STREAM_HEAD);
      if (part.kind === 'delta' && this.deltas > 0) await exchange.wait(script.chunk_delay_ms ?? 0);
      if (!(await this.send(part.text))) return;
      if (part.kind !== 'delta') continue;
      this.deltas++;
      exchange.entry.emitted_chunks = this.deltas;
      onEmitted(part);
    }
    exchange.end();
  }

  /** A whole answer counts as one delta: a fault after 0 strikes before it, after 1 halfway. */
  async whole(body: unknown, onEmitted: () => void): Promise<void> {
    const fault = this.dueFault();
    if (fault !== null) return this.break(fault);
    if (this.exchange.isGone) return;
    onEmitted();
    this.deltas = 1;
    this.exchange.entry.emitted_chunks = 1;
    const halfway = this.dueFault();
    if (halfway === null) {
      this.exchange.json(200, body);
      return;
    }
    const bytes = Buffer.from(JSON.stringify(body));
    const length = { 'content-type': 'application/json', 'content-length': bytes.length };
    this.exchange.head(200, length);
    await this.exchange.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
    await this.break(halfway === 'stall' ? 'stall' : 'reset');
  }

  private dueFault(): Fault | null {
    for (const [fault, field] of FAULTS) {
      const after = this.script[field];
      if (typeof after === 'number' && this.deltas >= after) return fault;
    }
    return null;
  }

  private async break(fault: Fault): Promise<void> {
    const { exchange, protocol } = this;
    if (fault === 'reset') return exchange.reset();
    if (fault === 'stall') return exchange.stall();
    if (!exchange.isAnswered) exchange.head(200, STREAM_HEAD);
    if (fault === 'error') {
      const requestId = exchange.entry.request_id;
      const message = 'The server had an error while processing your request.';
      const error = errorEvent(protocol, CLIENT_ERRORS.internal_error, { requestId, message });
      await this.send(error.toString());
    }
    exchange.end('cut');
  }

  private async send(text: string): Promise<boolean> {
    const lineEnd = LINE_ENDS[this.script.line_end ?? 'lf'];
    const bytes = Buffer.from(lineEnd === '\n' ? text : text.replaceAll('\n', lineEnd));
    const size = this.script.write_bytes ?? bytes.length;
    for (let from = 0; from < bytes.length; from += size) {
      if (!(await this.exchange.write(bytes.subarray(from, from + size)))) return false;
      if (size < bytes.length) await new Promise(setImmediate);
    }
    return true;
  }
}
