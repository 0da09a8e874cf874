/** A gateway in this process over a given configuration, with scripted upstreams; for tests. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createNetServer,
  type AddressInfo,
  type Server as NetServer,
  type Socket,
} from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigSource } from '@ai-gateway/config-feed';
import {
  CONFIG_KINDS,
  type ConfigFeed,
  type ConfigKind,
  type ConfigValues,
} from '@ai-gateway/contracts';
import { createLogger, type Logger } from '@ai-gateway/node-runtime';
import type { RequestLog } from './access-log.js';
import { GatewayProcess } from './gateway.process.js';
import { readSettings } from './settings.js';

export type Configuration = { [Kind in ConfigKind]?: readonly ConfigValues[Kind][] };

const ID_FIELDS = {
  namespace: 'namespace_id',
  matcher: 'matcher_id',
  rule: 'rule_id',
  upstream: 'upstream_id',
  target: 'target_id',
  model: 'model_id',
  route: 'route_id',
  api_key: 'key_id',
} as const satisfies Record<ConfigKind, string>;

/** A source under the test's control. */
export class ScriptedSource implements ConfigSource {
  readonly name = 'scripted';
  private feed: ConfigFeed;
  private onWake: () => void = () => undefined;

  constructor(configuration: Configuration) {
    this.feed = feedOf(configuration, 1);
  }

  /** Publishes a new revision. */
  publish(configuration: Configuration): number {
    this.feed = feedOf(configuration, this.feed.revision + 1);
    this.onWake();
    return this.feed.revision;
  }

  head() {
    const { epoch, revision } = this.feed;
    return Promise.resolve({ epoch, revision });
  }

  changesSince() {
    return Promise.resolve(this.feed);
  }

  subscribe(onWake: () => void): void {
    this.onWake = onWake;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function feedOf(configuration: Configuration, revision: number): ConfigFeed {
  const changes = CONFIG_KINDS.flatMap((kind) =>
    (configuration[kind] ?? []).map((value) => ({
      kind,
      id: Number((value as unknown as Record<string, unknown>)[ID_FIELDS[kind]]),
      revision,
      value,
    })),
  );
  return { type: 'full', epoch: 'epoch-of-test', revision, changes };
}

/** A log line's fields and its text. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly message: string };

export interface RunningGateway {
  readonly url: string;
  readonly port: number;
  readonly managementUrl: string;
  readonly source: ScriptedSource;
  readonly process: GatewayProcess;
  /** What was logged at info and above, oldest first. */
  readonly log: LogLine[];
  /** The terminal records of requests. */
  records(): LogLine[];
  /** Publishes a configuration and waits until the gateway runs it. */
  publish(configuration: Configuration): Promise<void>;
  /** Value of one series in `/metrics`, by its whole name; 0 when there is none. */
  metric(series: string): Promise<number>;
  close(): Promise<void>;
}

/** @param env settings beside those a test needs to run alone */
export async function startGateway(
  configuration: Configuration,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningGateway> {
  const settings = readSettings({
    GATEWAY_PORT: '0',
    GATEWAY_MANAGEMENT_PORT: '0',
    GATEWAY_INSTANCE_ID: 'gateway-under-test',
    GATEWAY_ALLOW_ANONYMOUS: 'true',
    GATEWAY_DRAIN_MS: '1000',
    UPSTREAM_ALLOW_ADDRESSES: '127.0.0.0/8',
    ...env,
  });
  const { logger, log, accessLog } = recordingLogger();
  const source = new ScriptedSource(configuration);
  const gateway = await GatewayProcess.create(settings, logger, { sources: [source], accessLog });
  await gateway.start();
  const url = `http://127.0.0.1:${gateway.port}`;
  return {
    url,
    port: gateway.port,
    managementUrl: `http://127.0.0.1:${gateway.managementPort}`,
    source,
    process: gateway,
    log,
    records: () => log.filter(({ message }) => message === 'request'),
    publish: (next) => publishAndWait(source, url, next),
    metric: (series) => readMetric(url, series),
    close: async () => {
      await gateway.drain();
      await gateway.close();
    },
  };
}

function recordingLogger(): { logger: Logger; log: LogLine[]; accessLog: RequestLog } {
  const logger = createLogger({ name: 'gateway-under-test', level: 'error' });
  const log: LogLine[] = [];
  const keep = (fields: object, message: string): void => void log.push({ ...fields, message });
  for (const level of ['info', 'warn', 'error'] as const) logger[level] = keep as Logger['info'];
  const accessLog: RequestLog = {
    write: (record) => keep(record, 'request'),
    flush: () => undefined,
  };
  return { logger, log, accessLog };
}

async function publishAndWait(
  source: ScriptedSource,
  url: string,
  configuration: Configuration,
): Promise<void> {
  const revision = source.publish(configuration);
  while (true) {
    const response = await fetch(`${url}/health`);
    const health = (await response.json()) as { config: { revision: number } };
    if (health.config.revision === revision) return;
    await sleep(5);
  }
}

async function readMetric(url: string, series: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length));
}

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type Script = (req: IncomingMessage, res: ServerResponse, body: Buffer) => void;

/** An upstream that does what a test scripts and remembers what it got. */
export class ScriptedUpstream {
  readonly received: ReceivedRequest[] = [];

  private constructor(
    private readonly server: Server,
    private script: Script,
  ) {
    server.on('request', (req, res) => void this.onRequest(req, res));
  }

  static async start(script: Script = answerChat()): Promise<ScriptedUpstream> {
    const upstream = new ScriptedUpstream(createServer(), script);
    await new Promise<void>((resolve) => upstream.server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get last(): ReceivedRequest {
    const request = this.received.at(-1);
    if (request === undefined) throw new Error('the upstream received nothing');
    return request;
  }

  next(script: Script): void {
    this.script = script;
  }

  on(event: 'upgrade', listener: Parameters<Server['on']>[1]): void {
    this.server.on(event, listener);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async onRequest(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    this.received.push({
      method: req.method ?? '',
      url: req.url ?? '',
      headers: req.headers,
      body,
    });
    this.script(req, res, body);
  }
}

/** An upstream of bytes, for answers that no HTTP server would give. */
export class RawUpstream {
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: NetServer,
    private script: RawScript,
  ) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.sockets.delete(socket));
      socket.once('data', (bytes) => this.script(socket, bytes.toString('latin1')));
    });
  }

  static async start(script: RawScript = () => undefined): Promise<RawUpstream> {
    const upstream = new RawUpstream(createNetServer(), script);
    await new Promise<void>((resolve) => upstream.server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get openConnections(): number {
    return this.sockets.size;
  }

  /** What is done with the first bytes of a connection. */
  next(script: RawScript): void {
    this.script = script;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export type RawScript = (socket: Socket, head: string) => void;

export const CHAT_ANSWER = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [
    { index: 0, message: { role: 'assistant', content: '你好 👋' }, finish_reason: 'stop' },
  ],
  usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
});

/** Answers every request with one body. */
export const answerChat =
  (body: string = CHAT_ANSWER, status = 200): Script =>
  (_req, res) => {
    res.writeHead(status, { 'content-type': 'application/json', server: 'secret-stack' });
    res.end(body);
  };

/** Streams chunks as they are, each flushed by itself. */
export const streamChunks =
  (chunks: readonly (string | Buffer)[], end: 'end' | 'reset' | 'stall' = 'end'): Script =>
  (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (index: number): void => {
      const chunk = chunks[index];
      if (chunk !== undefined) res.write(chunk, () => setImmediate(send, index + 1));
      else if (end === 'end') res.end();
      else if (end === 'reset') res.destroy();
    };
    send(0);
  };
