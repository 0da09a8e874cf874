/**
 * `?wait=applied&timeout=5s` of a write: answer when all live instances have applied it. Read from
 * the raw query, because it belongs to every write and to no controller.
 */
import type { IncomingMessage } from 'node:http';
import { AdminError } from '@ai-gateway/nest-runtime';

export interface WaitQuery {
  readonly timeoutMs: number;
}

const DEFAULT_MS = 5_000;
const MIN_MS = 100;
const MAX_MS = 60_000;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000 };

/** Null: not asked for. Rejects with VALIDATION_FAILED what cannot be understood. */
export function waitQueryOf({ url }: Pick<IncomingMessage, 'url'>): WaitQuery | null {
  const query = new URLSearchParams((url ?? '').split('?').slice(1).join('?'));
  const waits = query.getAll('wait');
  const timeouts = query.getAll('timeout');
  if (waits.length === 0 && timeouts.length === 0) return null;
  if (waits.length !== 1 || waits[0] !== 'applied') throw bad('wait', 'must be `applied`, once');
  if (timeouts.length > 1) throw bad('timeout', 'must be given once');
  return { timeoutMs: timeouts[0] === undefined ? DEFAULT_MS : millisecondsOf(timeouts[0]) };
}

function millisecondsOf(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,6})(ms|s)$/.exec(text) ?? [];
  const timeoutMs = Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
  if (timeoutMs >= MIN_MS && timeoutMs <= MAX_MS) return timeoutMs;
  throw bad('timeout', 'must be from `100ms` to `60s`');
}

const bad = (path: string, message: string): AdminError =>
  new AdminError('VALIDATION_FAILED', { details: [{ path, message }] });
