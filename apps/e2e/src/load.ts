/** A closed loop of chat requests against gateways, with a record of every answer. */
import { setImmediate as yieldToOthers, setTimeout as delay } from 'node:timers/promises';
import { eventually } from './eventually.js';

export interface Sample {
  /** The gateway that was asked. */
  url: string;
  /** 0 when there was no answer. */
  status: number;
  /** What went wrong, when there was no answer. */
  error: string | null;
  revision: number;
  headers: Headers;
  /** `performance.now()` when the answer was complete. */
  endedAt: number;
  durationMs: number;
}

export interface LoadOptions {
  /** Asked in turn by each loop. */
  urls: readonly string[];
  headers?: Record<string, string>;
  loops?: number;
  /** Between the requests of one loop; default 0. */
  pauseMs?: number;
}

const BODY = JSON.stringify({
  model: 'gpt-4o-mini',
  messages: [{ role: 'user', content: '你好 👋' }],
  max_tokens: 5,
});

export async function chat(url: string, headers: Record<string, string> = {}): Promise<Sample> {
  const startedAt = performance.now();
  const ended = () => ({ endedAt: performance.now(), durationMs: performance.now() - startedAt });
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: BODY,
    });
    await response.arrayBuffer();
    const { status } = response;
    const revision = Number(response.headers.get('x-gateway-revision'));
    return { url, status, error: null, revision, headers: response.headers, ...ended() };
  } catch (error) {
    const cause = (error as Error).cause;
    const why = `${String(error)} ${String(cause)}`;
    return { url, status: 0, error: why, revision: 0, headers: new Headers(), ...ended() };
  }
}

export class Load {
  readonly samples: Sample[] = [];
  private stopping = false;
  private readonly loops: Promise<void>[];

  constructor(private readonly options: LoadOptions) {
    this.loops = Array.from({ length: options.loops ?? 8 }, (_, index) => this.run(index));
  }

  /** Resolves when this many more answers have come. */
  async more(count: number): Promise<void> {
    const goal = this.samples.length + count;
    const reached = async (): Promise<true | null> => (this.samples.length >= goal ? true : null);
    await eventually(`${count} more answers`, reached, 30_000);
  }

  /** Resolves with the first answer, past or future, that fits. */
  first(what: string, fits: (sample: Sample) => boolean, timeoutMs?: number): Promise<Sample> {
    return eventually(what, async () => this.samples.find(fits) ?? null, timeoutMs);
  }

  /** Ends the loops after their last answers; resolves to what was not answered with 200. */
  async stop(): Promise<Sample[]> {
    this.stopping = true;
    await Promise.all(this.loops);
    return this.samples.filter(({ status }) => status !== 200);
  }

  private async run(index: number): Promise<void> {
    const { urls, headers, pauseMs = 0 } = this.options;
    for (let turn = index; !this.stopping; turn += 1) {
      this.samples.push(await chat(urls[turn % urls.length] ?? '', headers));
      await (pauseMs === 0 ? yieldToOthers() : delay(pauseMs));
    }
  }
}
