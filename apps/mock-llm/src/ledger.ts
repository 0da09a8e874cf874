/**
 * The server's own book: what each request brought and what it was really sent, to be compared with
 * what clients saw and gateways recorded. A bounded ring; figures here are true whatever usage a
 * script makes the server report.
 */
import { createHash } from 'node:crypto';

export type Outcome = 'open' | 'completed' | 'refused' | 'cancelled' | 'reset' | 'stalled' | 'cut';

export interface LedgerEntry {
  /** Counts from 1 since the start of the process. */
  readonly seq: number;
  /** The `x-request-id` received, else one made here. */
  readonly request_id: string;
  readonly method: string;
  readonly path: string;
  /** Names only: values may hold secrets. */
  readonly header_names: readonly string[];
  /** First 12 hex digits of the credential's SHA-256; null without one. */
  readonly credential_fingerprint: string | null;
  model: string | null;
  stream: boolean;
  status: number | null;
  prompt_tokens: number;
  /** Tokens of the text that was written to the socket. */
  emitted_tokens: number;
  emitted_chunks: number;
  received_bytes: number;
  sent_bytes: number;
  readonly started_at: string;
  first_byte_at: string | null;
  ended_at: string | null;
  /** When the client left before the answer was complete. */
  cancelled_at: string | null;
  outcome: Outcome;
}

export interface ReceivedRequest {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface LedgerFilter {
  readonly requestId?: string | undefined;
  readonly model?: string | undefined;
  readonly limit: number;
}

export class Ledger {
  private entries: LedgerEntry[] = [];
  private seq = 0;
  private inFlight = 0;
  private peakInFlight = 0;

  constructor(
    private readonly size: number,
    private readonly now: () => Date,
  ) {}

  time(): string {
    return this.now().toISOString();
  }

  open({ requestId, method, path, headers }: ReceivedRequest): LedgerEntry {
    this.inFlight++;
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight);
    const entry: LedgerEntry = {
      seq: ++this.seq,
      request_id: requestId,
      method,
      path,
      header_names: Object.keys(headers).sort(),
      credential_fingerprint: fingerprintOf(headers.authorization ?? headers['x-api-key']),
      model: null,
      stream: false,
      status: null,
      prompt_tokens: 0,
      emitted_tokens: 0,
      emitted_chunks: 0,
      received_bytes: 0,
      sent_bytes: 0,
      started_at: this.time(),
      first_byte_at: null,
      ended_at: null,
      cancelled_at: null,
      outcome: 'open',
    };
    this.entries.push(entry);
    if (this.entries.length > 2 * this.size) this.entries = this.entries.slice(-this.size);
    return entry;
  }

  /** The exchange is over, however it ended. */
  close(entry: LedgerEntry): void {
    this.inFlight--;
    entry.ended_at = this.time();
  }

  /** Newest last. */
  list({ requestId, model, limit }: LedgerFilter): readonly LedgerEntry[] {
    return this.entries
      .slice(-this.size)
      .filter((entry) => requestId === undefined || entry.request_id === requestId)
      .filter((entry) => model === undefined || entry.model === model)
      .slice(-limit);
  }

  get load(): { in_flight: number; peak_in_flight: number; received: number } {
    return { in_flight: this.inFlight, peak_in_flight: this.peakInFlight, received: this.seq };
  }

  /** Forgets all requests; those under way are still counted in flight. */
  clear(): void {
    this.entries = [];
    this.peakInFlight = this.inFlight;
  }
}

function fingerprintOf(credential: string | string[] | undefined): string | null {
  if (credential === undefined) return null;
  return createHash('sha256').update(String(credential)).digest('hex').slice(0, 12);
}
