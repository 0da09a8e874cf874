/** The scripted model server, as a test sees it: its scripts and its own book of what happened. */
import { eventually } from './eventually.js';

/** The fields of an entry that tests read. Source: apps/mock-llm/README.md. */
export interface LedgerEntry {
  request_id: string;
  path: string;
  model: string | null;
  status: number | null;
  prompt_tokens: number;
  emitted_tokens: number;
  header_names: string[];
  credential_fingerprint: string | null;
  started_at: string;
  first_byte_at: string | null;
  cancelled_at: string | null;
  outcome: string;
}

export class MockLlmClient {
  constructor(readonly url: string) {}

  /** How requests for a model are answered from now on. */
  async script(model: string, script: object): Promise<void> {
    const response = await fetch(`${this.url}/control/script`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, script }),
    });
    if (!response.ok) throw new Error(`script refused: ${await response.text()}`);
  }

  async clearScripts(): Promise<void> {
    await fetch(`${this.url}/control/script`, { method: 'DELETE' });
  }

  async entries(requestId: string): Promise<LedgerEntry[]> {
    const response = await fetch(`${this.url}/ledger?request_id=${encodeURIComponent(requestId)}`);
    return ((await response.json()) as { items: LedgerEntry[] }).items;
  }

  async count(): Promise<number> {
    const response = await fetch(`${this.url}/ledger?limit=1`);
    return ((await response.json()) as { received: number }).received;
  }

  /** The entry once its exchange is over. */
  ended(requestId: string, timeoutMs = 2000): Promise<LedgerEntry> {
    return eventually(
      `end of request ${requestId} at mock-llm`,
      async () => (await this.entries(requestId)).find(({ outcome }) => outcome !== 'open') ?? null,
      timeoutMs,
    );
  }
}
