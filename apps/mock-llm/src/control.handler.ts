/** The control API: scripts, the ledger, liveness. */
import { CLIENT_ERRORS, type ClientErrorReason } from '@ai-gateway/contracts';
import type { Exchange } from './exchange.js';
import type { Ledger } from './ledger.js';
import { controlRequestSchema, describeIssues } from './script.schema.js';
import type { ScriptStore } from './script.store.js';

export interface ControlServices {
  readonly ledger: Ledger;
  readonly scripts: ScriptStore;
  readonly maxBodyBytes: number;
}

const MAX_LISTED = 10_000;
const DEFAULT_LISTED = 1000;

export const CONTROL_PATHS: ReadonlySet<string> = new Set(['/control/script', '/ledger', '/livez']);

export async function handleControlRequest(
  exchange: Exchange,
  url: URL,
  services: ControlServices,
): Promise<void> {
  const { method } = exchange.request;
  const { ledger, scripts } = services;
  if (url.pathname === '/livez') {
    exchange.json(200, { status: 'ok' });
    return;
  }
  const model = url.searchParams.get('model') ?? undefined;
  if (url.pathname === '/control/script') {
    if (method === 'PUT') return putScript(exchange, services);
    if (method === 'DELETE') scripts.clear(model);
    else if (method !== 'GET') {
      refuse(exchange, 'method_not_allowed');
      return;
    }
    exchange.json(200, scripts.describe());
    return;
  }
  if (method === 'DELETE') ledger.clear();
  else if (method !== 'GET') {
    refuse(exchange, 'method_not_allowed');
    return;
  }
  const requestId = url.searchParams.get('request_id') ?? undefined;
  const limit = limitOf(url.searchParams.get('limit'));
  exchange.json(200, { ...ledger.load, items: ledger.list({ requestId, model, limit }) });
}

async function putScript(exchange: Exchange, services: ControlServices): Promise<void> {
  const bytes = await exchange.body(services.maxBodyBytes);
  if (bytes === null) {
    refuse(exchange, 'body_too_large');
    return;
  }
  const parsed = controlRequestSchema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    refuse(exchange, 'invalid_request', describeIssues(parsed.error));
    return;
  }
  const { model, script } = parsed.data;
  if (!services.scripts.set(model, script)) {
    refuse(exchange, 'invalid_request');
    return;
  }
  exchange.json(200, services.scripts.describe());
}

function refuse(exchange: Exchange, reason: ClientErrorReason, message?: string): void {
  exchange.error('openai', CLIENT_ERRORS[reason], { message });
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function limitOf(text: string | null): number {
  const limit = Number(text ?? DEFAULT_LISTED);
  return Number.isInteger(limit) && limit >= 1 ? Math.min(limit, MAX_LISTED) : DEFAULT_LISTED;
}
