/** Upstreams that do what a test scripts. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createServer as createNetServer,
  type AddressInfo,
  type Server as NetServer,
  type Socket,
} from 'node:net';

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
