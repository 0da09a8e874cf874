/**
 * From an access token to who is calling, at most a second behind the store: the signature says the
 * token is ours, the store says whether its session and user still hold and which role the user has
 * now. The answer is kept under the SHA-256 of the whole token, so two tokens never share an entry
 * and no token stands in memory as a key. It counts for a second; older ones only tell who may read
 * from memory while the store is away.
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

interface CheckedToken {
  readonly principal: UserPrincipal;
  readonly checkedAtMs: number;
  readonly expiresAtMs: number;
}

export class AccessCheck {
  private readonly cache = new Map<string, CheckedToken>();

  constructor(private readonly deps: AccessCheckDeps) {}

  /** Null for a token that does not hold now. Rejects when the store cannot be asked. */
  async principalOf(token: string): Promise<UserPrincipal | null> {
    const nowMs = this.deps.nowMs();
    const cacheKey = keyOf(token);
    const cached = this.recent(cacheKey, CACHE_MS);
    if (cached !== null) return cached;
    const verified = await this.deps.tokens.verify(token, nowMs);
    const principal = verified && (await this.load(verified.sessionId, verified.userId, nowMs));
    this.cache.delete(cacheKey);
    if (verified === null || principal === null) return null;
    if (this.cache.size >= MAX_CACHED) this.cache.clear();
    const { expiresAtMs } = verified;
    this.cache.set(cacheKey, { principal, checkedAtMs: nowMs, expiresAtMs });
    return principal;
  }

  /** Who a token belonged to when the store last said so, if that is not too long ago. */
  lastKnown(token: string, maxAgeMs: number): UserPrincipal | null {
    return this.recent(keyOf(token), maxAgeMs);
  }

  /** After a change of sessions or users by this process: the next request asks the store. */
  forget(): void {
    this.cache.clear();
  }

  private recent(cacheKey: string, maxAgeMs: number): UserPrincipal | null {
    const nowMs = this.deps.nowMs();
    const checked = this.cache.get(cacheKey);
    if (checked === undefined || checked.expiresAtMs <= nowMs) return null;
    return checked.checkedAtMs + maxAgeMs > nowMs ? checked.principal : null;
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

const keyOf = (token: string): string => createHash('sha256').update(token).digest('base64');

/** A session holds while its user is active and has the password it began with. */
export function holds(
  session: SessionRecord,
  account: UserAccount | null,
  nowMs: number,
): account is UserAccount {
  if (session.expiresAtMs <= nowMs) return false;
  return account !== null && account.active && account.tokenVersion === session.tokenVersion;
}
