/**
 * From an access token to who is calling, at most a second behind the store: the signature says the
 * token is ours, the store says whether its session and user still hold and which role the user has
 * now. The answer is kept for a second under the SHA-256 of the whole token, so two tokens never
 * share an entry and no token stands in memory as a key.
 */
import { createHash } from 'node:crypto';
import type { Principal } from '@ai-gateway/nest-runtime';
import type { UserAccount, UserAccounts } from '../users/user-accounts.port.js';
import { permissionsOf } from './access-matrix.js';
import type { AccessTokens } from './access-token.js';
import type { SessionRecord, SessionsRepository } from './sessions.repository.js';

const CACHE_MS = 1000;
const MAX_CACHED = 10_000;

export interface UserPrincipal extends Principal {
  readonly kind: 'user';
  readonly userId: number;
  readonly sessionId: string;
}

export interface AccessCheckDeps {
  tokens: AccessTokens;
  sessions: SessionsRepository;
  accounts: UserAccounts;
  nowMs: () => number;
}

export class AccessCheck {
  private readonly cache = new Map<string, { principal: UserPrincipal; untilMs: number }>();

  constructor(private readonly deps: AccessCheckDeps) {}

  /** Null for a token that does not hold now. Rejects when the store cannot be asked. */
  async principalOf(token: string): Promise<UserPrincipal | null> {
    const nowMs = this.deps.nowMs();
    const cacheKey = createHash('sha256').update(token).digest('base64');
    const cached = this.cache.get(cacheKey);
    if (cached && cached.untilMs > nowMs) return cached.principal;
    this.cache.delete(cacheKey);
    const verified = await this.deps.tokens.verify(token, nowMs);
    if (verified === null) return null;
    const principal = await this.load(verified.sessionId, verified.userId, nowMs);
    if (principal === null) return null;
    const untilMs = Math.min(nowMs + CACHE_MS, verified.expiresAtMs);
    if (this.cache.size >= MAX_CACHED) this.cache.clear();
    this.cache.set(cacheKey, { principal, untilMs });
    return principal;
  }

  /** After a change of sessions or users by this process: the next request asks the store. */
  forget(): void {
    this.cache.clear();
  }

  private async load(
    sessionId: string,
    userId: number,
    nowMs: number,
  ): Promise<UserPrincipal | null> {
    const session = await this.deps.sessions.find(sessionId);
    if (session?.userId !== userId) return null;
    const account = await this.deps.accounts.findById(userId);
    if (!holds(session, account, nowMs)) return null;
    const { username, role } = account;
    const permissions = permissionsOf(role);
    return { kind: 'user', userId, username, roles: [role], permissions, sessionId };
  }
}

/** A session holds while its user is active and has the password it began with. */
export function holds(
  session: SessionRecord,
  account: UserAccount | null,
  nowMs: number,
): account is UserAccount {
  if (session.expiresAtMs <= nowMs) return false;
  return account !== null && account.active && account.tokenVersion === session.tokenVersion;
}
