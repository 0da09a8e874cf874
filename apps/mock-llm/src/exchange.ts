/**
 * One request and its response, kept in step with its ledger entry. Writes honour back-pressure and
 * stop when the client leaves; every wait ends at that moment too, so that a stalled or slow answer
 * holds nothing.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientErrorEntry } from '@ai-gateway/contracts';
import { errorBody, type WireProtocol } from '@ai-gateway/llm-wire';
import type { Ledger, LedgerEntry, Outcome } from './ledger.js';
import { readBody } from './request-body.js';

/** A reset makes the peer's kernel drop what the client hasn't read yet. */
const RESET_GRACE_MS = 50;

export interface ErrorOptions {
  readonly message?: string | undefined;
  readonly param?: string | null | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export class Exchange {
  private readonly leaving = new AbortController();
  /** Tokens written so far; asked when the exchange ends or stalls. */
  private emittedTokens: () => number = () => 0;

  constructor(
    readonly request: IncomingMessage,
    private readonly response: ServerResponse,
    readonly entry: LedgerEntry,
    private readonly ledger: Ledger,
  ) {
    response.setHeader('x-request-id', entry.request_id);
    response.setHeader('request-id', entry.request_id);
    response.once('close', () => this.close());
  }

  get isGone(): boolean {
    return this.leaving.signal.aborted;
  }

  get isAnswered(): boolean {
    return this.response.headersSent;
  }

  meterWith(emittedTokens: () => number): void {
    this.emittedTokens = emittedTokens;
  }

  /** Null above the cap. */
  async body(maxBytes: number): Promise<Buffer | null> {
    const body = await readBody(this.request, maxBytes);
    this.entry.received_bytes = body?.length ?? maxBytes;
    return body;
  }

  /** Returns early when the client leaves. */
  async wait(ms: number): Promise<void> {
    if (ms === 0 || this.isGone) return;
    await delay(ms, undefined, { signal: this.leaving.signal }).catch(() => undefined);
  }

  head(status: number, headers: Readonly<Record<string, string | number>>): void {
    if (this.isGone) return;
    this.entry.status = status;
    this.response.writeHead(status, headers);
  }

  /** @returns false when the client has left */
  async write(bytes: Buffer): Promise<boolean> {
    if (this.isGone) return false;
    this.entry.first_byte_at ??= this.ledger.time();
    this.entry.sent_bytes += bytes.length;
    if (this.response.write(bytes)) return true;
    await once(this.response, 'drain', { signal: this.leaving.signal }).catch(() => undefined);
    return !this.isGone;
  }

  end(outcome: Outcome = 'completed'): void {
    if (this.isGone) return;
    this.settle(outcome);
    this.response.end();
  }

  json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    if (this.isGone) return;
    const bytes = Buffer.from(JSON.stringify(body));
    const type = { 'content-type': 'application/json', 'content-length': bytes.length };
    this.head(status, { ...headers, ...type });
    this.entry.first_byte_at = this.ledger.time();
    this.entry.sent_bytes = bytes.length;
    this.settle(status < 300 ? 'completed' : 'refused');
    this.response.end(bytes);
  }

  error(protocol: WireProtocol, entry: ClientErrorEntry, options: ErrorOptions = {}): void {
    const { message, param, headers } = options;
    const body = errorBody(protocol, entry, { requestId: this.entry.request_id, message, param });
    this.json(entry.status, body, headers);
  }

  /** The connection ends with a TCP reset, after the client had time to read what was sent. */
  async reset(): Promise<void> {
    if (this.entry.sent_bytes > 0) await this.wait(RESET_GRACE_MS);
    this.settle('reset');
    this.request.socket.resetAndDestroy();
  }

  /** Sends nothing more until the client leaves. */
  async stall(): Promise<void> {
    this.settle('stalled');
    if (!this.isGone) await once(this.leaving.signal, 'abort');
  }

  private settle(outcome: Outcome): void {
    if (this.entry.outcome !== 'open') return;
    this.entry.outcome = outcome;
    this.entry.emitted_tokens = this.emittedTokens();
  }

  private close(): void {
    const { entry } = this;
    if (!this.response.writableFinished && entry.outcome !== 'reset') {
      entry.cancelled_at = this.ledger.time();
      if (entry.outcome === 'completed') entry.outcome = 'cancelled';
    }
    this.settle('cancelled');
    this.ledger.close(entry);
    this.leaving.abort();
  }
}
