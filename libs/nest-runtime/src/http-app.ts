/**
 * What every HTTP process on Nest shares: request id and access log, JSON bodies up to a cap, one
 * error envelope (also for unknown paths and methods), contract validation, no revealing headers.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Counter, type Logger, type Registry } from '@ai-gateway/node-runtime';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AdminError } from './admin-error.js';
import { ContractPipe } from './contract.pipe.js';
import { ErrorFilter } from './error.filter.js';
import { JSON_TYPE, jsonOnly } from './json-only.middleware.js';
import { pathOf, requestLog } from './request-log.middleware.js';

const MAX_BODY_BYTES = 1_048_576;

export interface HttpAppOptions {
  logger: Logger;
  registry: Registry;
  /** Prefix of the request counter, for example `config_center`. */
  metricPrefix: string;
  translateError?: (error: unknown) => AdminError | null;
  maxBodyBytes?: number;
  /** Their handlers read the body themselves, of any type and size, once the guard let it pass. */
  ownBodyPaths?: readonly string[];
  /** Without any credential an unknown path answers 401, like a known one. */
  hideUnknownPaths?: boolean;
}

/** Call on an application created with `{ bodyParser: false }`, before `init` or `listen`. */
export function configureHttpApp(app: NestExpressApplication, options: HttpAppOptions): void {
  const { logger, registry, metricPrefix, translateError, maxBodyBytes, hideUnknownPaths } =
    options;
  const readsOwnBody = ownBodyCheck(options.ownBodyPaths ?? []);
  const requests = new Counter({
    name: `${metricPrefix}_requests_total`,
    help: 'HTTP requests by method, route pattern and class of status.',
    labelNames: ['method', 'route', 'code_class'],
    registers: [registry],
  });
  app.disable('x-powered-by');
  app.set('etag', false);
  app.set('query parser', 'simple');
  app.use(
    requestLog(logger, (request, response) => requests.inc(labelsOf(request, response))),
    jsonOnly(readsOwnBody),
  );
  const limit = maxBodyBytes ?? MAX_BODY_BYTES;
  const type = (request: IncomingMessage): boolean =>
    JSON_TYPE.test(request.headers['content-type'] ?? '') && !readsOwnBody(request);
  app.useBodyParser('json', { limit, strict: false, verify: requireUtf8, type });
  app.useGlobalPipes(new ContractPipe());
  const allowedMethods = (path: string) => methodsOf(app, path);
  const translate = translateError;
  app.useGlobalFilters(new ErrorFilter({ logger, allowedMethods, translate, hideUnknownPaths }));
  hardenServer(app.getHttpServer());
}

/** Express ignores case and a trailing slash. */
function ownBodyCheck(paths: readonly string[]) {
  const known = new Set(paths);
  return (request: IncomingMessage): boolean =>
    known.has(pathOf(request).toLowerCase().replace(/\/$/, ''));
}

/** The decoder would put U+FFFD for what is not UTF-8, and the store would keep that. */
function requireUtf8(_request: unknown, _response: unknown, body: Buffer): void {
  if (isUtf8(body)) return;
  const type = 'entity.parse.failed';
  throw Object.assign(new Error('the body is not UTF-8'), { status: 400, type });
}

function hardenServer(server: Server): void {
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 65_000;
  server.maxHeadersCount = 128;
}

const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function labelsOf(request: IncomingMessage, response: ServerResponse) {
  const { route } = request as { route?: { path?: unknown } };
  return {
    method: KNOWN_METHODS.has(request.method ?? '') ? (request.method as string) : 'other',
    route: typeof route?.path === 'string' ? route.path : 'unmatched',
    code_class: `${Math.floor(response.statusCode / 100)}xx`,
  };
}

interface RouterLayer {
  match: (path: string) => boolean;
  route?: { methods: Readonly<Record<string, boolean>> };
}

/** Express keeps its routes in one list of layers; a path may match several, one per method. */
function methodsOf(app: NestExpressApplication, path: string): string[] {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: RouterLayer[] } };
  const layers = router.stack.filter((layer) => layer.route !== undefined && matches(layer, path));
  const methods = layers.flatMap((layer) => Object.keys(layer.route?.methods ?? {}));
  return [...new Set(methods.map((method) => method.toUpperCase()))].sort();
}

function matches(layer: RouterLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
