/** Refresh tokens: `<session id>.<256 random bits>`, stored as SHA-256 only. */
import { createHash, randomBytes } from 'node:crypto';

/** A session nobody refreshes ends after a day, any session after a week. */
const SESSION_IDLE_MS = 24 * 3_600_000;
const SESSION_MAX_MS = 7 * SESSION_IDLE_MS;

const SHAPE = /^([0-9a-f]{32})\.[A-Za-z0-9_-]{43}$/;

export const newSessionId = (): string => randomBytes(16).toString('hex');

export const newRefreshToken = (sessionId: string): string =>
  `${sessionId}.${randomBytes(32).toString('base64url')}`;

export const sessionIdOf = (refreshToken: string): string | null =>
  SHAPE.exec(refreshToken)?.[1] ?? null;

export const digestOfRefresh = (refreshToken: string): string =>
  createHash('sha256').update(refreshToken).digest('hex');

export const refreshExpiry = (createdAtMs: number, nowMs: number): number =>
  Math.min(nowMs + SESSION_IDLE_MS, createdAtMs + SESSION_MAX_MS);
