/**
 * The yardstick: node:http in front, `undici` dispatch with a handler class behind, and nothing in
 * between. It parses, matches, limits and records nothing, so what a gateway costs above it is the
 * gateway's own. argv: the upstream's origin.
 */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { Pool, type Dispatcher } from 'undici';
import { listenAndReport } from './reported-port.js';

const pool = new Pool(process.argv[2] ?? '', { pipelining: 1 });

class PassThrough implements Dispatcher.DispatchHandler {
  constructor(private readonly res: ServerResponse) {}

  onRequestStart(): void {
    // nothing to keep: the yardstick never aborts
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    const passed = ['content-type', headers['content-type'] ?? ''];
    const length = headers['content-length'];
    if (length !== undefined) passed.push('content-length', length);
    this.res.writeHead(status, passed);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.res.write(chunk);
  }

  onResponseEnd(): void {
    this.res.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.res.destroy(error);
  }
}

const server = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const [only] = chunks;
    const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    const headers = ['content-type', req.headers['content-type'] ?? ''];
    const method = req.method as Dispatcher.HttpMethod;
    pool.dispatch({ method, path: req.url ?? '/', headers, body }, new PassThrough(res));
  });
});
server.keepAliveTimeout = 0;
listenAndReport(server);
