/**
 * A development model server on plain node:http: speaks OpenAI's and Anthropic's APIs, counts real
 * tokens, misbehaves on request and keeps a ledger of what it did.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { CLIENT_ERRORS } from '@ai-gateway/contracts';
import { surfaceAt, type Surface } from '@ai-gateway/llm-wire';
import { requestIdFrom, type Logger } from '@ai-gateway/node-runtime';
import { CONTROL_PATHS, handleControlRequest } from './control.handler.js';
import { Exchange } from './exchange.js';
import { Ledger } from './ledger.js';
import { handleModelRequest } from './model.handler.js';
import { ScriptStore } from './script.store.js';
import type { TokenCounter } from './token-counter.js';

export interface MockLlmOptions {
  readonly counter: TokenCounter;
  readonly maxBodyBytes: number;
  readonly ledgerSize: number;
  readonly logger: Logger;
  readonly now?: () => Date;
}

/** What `GET /v1/models` lists; any other name is answered too. */
const LISTED_MODELS = [
  'gpt-4o',
  'gpt-4o-mini',
  'Qwen3-8B',
  'claude-sonnet-4-5',
  'text-embedding-3-small',
] as const;

const REQUEST_TIMEOUT_MS = 120_000;
/** Longer than gateways keep idle connections, so that they close first. */
const KEEP_ALIVE_MS = 75_000;

/** Control requests are not the models' business and stay out of the book. */
const UNRECORDED_LEDGER_SIZE = 1;

export function createMockLlm(options: MockLlmOptions): Server {
  const { counter, maxBodyBytes, ledgerSize, logger, now = () => new Date() } = options;
  const ledger = new Ledger(ledgerSize, now);
  const unrecorded = new Ledger(UNRECORDED_LEDGER_SIZE, now);
  const services = { counter, maxBodyBytes, ledger, scripts: new ScriptStore(), now };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(`http://mock${pathOf(request)}`);
    const isControl = CONTROL_PATHS.has(url.pathname);
    const exchange = openExchange(request, response, isControl ? unrecorded : ledger);
    try {
      if (isControl) await handleControlRequest(exchange, url, services);
      else await route(exchange, url.pathname, services);
    } catch (err) {
      fail(exchange, err, logger);
    }
  };
  const limits = { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS };
  return createServer(limits, (request, response) => void answer(request, response));
}

type Services = Parameters<typeof handleModelRequest>[2];

async function route(exchange: Exchange, path: string, services: Services): Promise<void> {
  const surface = surfaceAt(path);
  if (surface === null) {
    exchange.error('openai', CLIENT_ERRORS.route_not_found);
    return;
  }
  if (exchange.request.method !== surface.method) {
    refuseMethod(exchange, surface);
    return;
  }
  if (surface.kind === 'models') {
    exchange.json(200, modelList());
    return;
  }
  return handleModelRequest(exchange, surface, services);
}

function refuseMethod(exchange: Exchange, { protocol, method }: Surface): void {
  exchange.error(protocol, CLIENT_ERRORS.method_not_allowed, { headers: { allow: method } });
}

function modelList(): unknown {
  const data = LISTED_MODELS.map((id) => ({
    id,
    object: 'model',
    created: 1_700_000_000,
    owned_by: 'mock-llm',
  }));
  return { object: 'list', data };
}

function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  ledger: Ledger,
): Exchange {
  const entry = ledger.open({
    requestId: requestIdFrom(request.headers['x-request-id']),
    method: request.method ?? 'GET',
    path: pathOf(request),
    headers: request.headers,
  });
  return new Exchange(request, response, entry, ledger);
}

/** Paths only: an absolute target or `*` names nothing here. */
const pathOf = ({ url }: IncomingMessage): string =>
  url !== undefined && /^\/(?!\/)/.test(url) ? url : '/';

/** A client that leaves while its body is read is no fault of ours. */
function fail(exchange: Exchange, err: unknown, logger: Logger): void {
  if (exchange.isGone) return;
  logger.error({ err, requestId: exchange.entry.request_id }, 'request failed');
  if (exchange.isAnswered) void exchange.reset();
  else exchange.error('openai', CLIENT_ERRORS.internal_error);
}
