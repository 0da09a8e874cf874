/** One heartbeat over HTTP, within a second or not at all. */
import { heartbeatAnswerSchema, type Heartbeat, type HeartbeatAnswer } from '@ai-gateway/contracts';
import { Agent, request } from 'undici';

const TIMEOUT_MS = 1_000;
const MAX_ANSWER_BYTES = 16_384;

export interface HeartbeatClientOptions {
  /** Of config-center. */
  baseUrl: string;
  credential: string;
}

export class HeartbeatClient {
  private readonly url: URL;
  private readonly agent = new Agent({
    connections: 1,
    connect: { timeout: TIMEOUT_MS },
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
    maxResponseSize: MAX_ANSWER_BYTES,
  });

  constructor(private readonly options: HeartbeatClientOptions) {
    this.url = new URL('/api/v1/instances/heartbeat', options.baseUrl);
  }

  /** Rejects on anything but an answer that can be understood. */
  async post(heartbeat: Heartbeat): Promise<HeartbeatAnswer> {
    const { statusCode, body } = await request(this.url, {
      dispatcher: this.agent,
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.options.credential}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(heartbeat),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (statusCode === 200) return heartbeatAnswerSchema.parse(await body.json());
    await body.dump();
    throw new Error(`config-center answered ${statusCode}`);
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }
}
