/**
 * Signing in, staying in, signing out. A login makes a session; each refresh replaces the session's
 * refresh token. A refresh token that comes a second time means that two hold it, so the session
 * ends for both. Changing the password ends all sessions of the user.
 */
import type { LoginRequest, PasswordChange } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import type { Logger } from '@ai-gateway/node-runtime';
import type { AuditTrail } from '../../platform/audit/audit-trail.js';
import type { UserAccount, UserAccounts } from '../users/user-accounts.port.js';
import { holds, type AccessCheck, type UserPrincipal } from './access-check.js';
import { ACCESS_TOKEN_SEC, type AccessTokens } from './access-token.js';
import { addressKey, type LoginAttempt, type LoginThrottle } from './login-throttle.js';
import { passwordWeakness, type PasswordHasher } from '../users/password-hash.js';
import {
  digestOfRefresh,
  newRefreshToken,
  newSessionId,
  refreshExpiry,
  sessionIdOf,
} from './refresh-token.js';
import type { SessionsRepository } from './sessions.repository.js';

export interface IssuedTokens {
  accessToken: string;
  expiresInSec: number;
  refreshToken: string;
  /** How long the refresh token may be used. */
  refreshExpiresInSec: number;
}

export interface AuthenticationDeps {
  accounts: UserAccounts;
  sessions: SessionsRepository;
  tokens: AccessTokens;
  access: AccessCheck;
  hasher: PasswordHasher;
  throttle: LoginThrottle;
  audit: Pick<AuditTrail, 'record'>;
  logger: Logger;
  nowMs: () => number;
}

export class AuthenticationService {
  constructor(private readonly deps: AuthenticationDeps) {}

  /** @throws AdminError INVALID_LOGIN, TOO_MANY_ATTEMPTS, OVERLOADED */
  async login({ username, password }: LoginRequest, ip: string): Promise<IssuedTokens> {
    const { accounts, hasher, throttle, logger } = this.deps;
    const nowMs = this.deps.nowMs();
    const account = await accounts.findByName(username);
    const attempt = await this.beginAttempt(account, username, ip);
    const right = await hasher.matches(account?.passwordHash ?? null, password);
    if (!right || account === null || !maySignIn(account, nowMs)) {
      logger.info({ event: 'login_failed', address: attempt.address }, 'login failed');
      await this.recordEvent('login_failed', account, { outcome: 'INVALID_LOGIN' });
      throw new AdminError('INVALID_LOGIN');
    }
    await throttle.succeed(attempt);
    if (account.oneTimeUntilMs !== null) await accounts.confirmOneTimePassword(account.userId);
    return this.openSession(account, attempt.address, nowMs);
  }

  /** @throws AdminError INVALID_TOKEN */
  async refresh(refreshToken: string): Promise<IssuedTokens> {
    const { accounts, sessions } = this.deps;
    const nowMs = this.deps.nowMs();
    const sessionId = sessionIdOf(refreshToken);
    const session = sessionId === null ? null : await sessions.find(sessionId);
    if (session === null) throw new AdminError('INVALID_TOKEN');
    const account = await accounts.findById(session.userId);
    if (!holds(session, account, nowMs)) return this.endSession(session.sessionId);
    const next = newRefreshToken(session.sessionId);
    const expiresAtMs = refreshExpiry(session.createdAtMs, nowMs);
    const rotated = await sessions.rotate({
      sessionId: session.sessionId,
      fromDigest: digestOfRefresh(refreshToken),
      toDigest: digestOfRefresh(next),
      expiresAtMs,
    });
    if (rotated) return this.tokensFor(session, next, expiresAtMs);
    const { userId } = session;
    this.deps.logger.warn({ event: 'refresh_reused', user_id: userId }, 'refresh token reused');
    return this.endSession(session.sessionId);
  }

  async logout({ sessionId }: UserPrincipal): Promise<void> {
    await this.deps.sessions.delete(sessionId);
    this.deps.access.forget();
  }

  /** @throws AdminError INVALID_LOGIN, TOO_MANY_ATTEMPTS, OVERLOADED, UNPROCESSABLE, INVALID_TOKEN */
  async changePassword(
    principal: UserPrincipal,
    { old_password, new_password }: PasswordChange,
    ip: string,
  ): Promise<void> {
    const { accounts, sessions, hasher, throttle, access } = this.deps;
    const account = await accounts.findById(principal.userId);
    if (account === null) throw new AdminError('INVALID_TOKEN');
    const attempt = await this.beginAttempt(account, account.username, ip);
    const right = await hasher.matches(account.passwordHash, old_password);
    if (!right) {
      await this.recordEvent('password_changed', account, { outcome: 'INVALID_LOGIN' });
      throw new AdminError('INVALID_LOGIN');
    }
    await throttle.succeed(attempt);
    if (old_password === new_password) throw unfitPassword('must differ from the old one');
    const weakness = passwordWeakness(new_password, account.username);
    if (weakness !== null) throw unfitPassword(weakness);
    const changed = await accounts.changePassword(account, await hasher.hash(new_password));
    if (!changed) throw new AdminError('INVALID_TOKEN');
    await sessions.deleteOfUser(account.userId);
    access.forget();
    await this.recordEvent('password_changed', account, {});
  }

  /** Attempts are throttled, so failed logins cannot flood the trail. */
  private recordEvent(
    action: string,
    account: UserAccount | null,
    event: { outcome?: string },
  ): Promise<void> {
    const objectId = account?.userId ?? null;
    return this.deps.audit.record({ action, objectType: 'user', objectId, ...event });
  }

  /** The look-ups are the same whether or not there is such a user. */
  private async beginAttempt(
    account: UserAccount | null,
    username: string,
    ip: string,
  ): Promise<LoginAttempt> {
    const nowMs = this.deps.nowMs();
    const address = addressKey(ip);
    const attempt = {
      address,
      account: account === null ? foldedName(username) : `#${account.userId}`,
      knownAddress: await this.deps.sessions.knowsAddress(account?.userId ?? 0, address, nowMs),
    };
    const decision = await this.deps.throttle.begin(attempt, nowMs);
    if (decision.allowed) return attempt;
    this.deps.logger.warn({ event: 'login_throttled', address }, 'too many failed logins');
    const seconds = Math.ceil(decision.retryAfterMs / 1000);
    throw new AdminError('TOO_MANY_ATTEMPTS', { headers: { 'Retry-After': String(seconds) } });
  }

  private async openSession(
    { userId, tokenVersion }: UserAccount,
    address: string,
    nowMs: number,
  ): Promise<IssuedTokens> {
    const sessionId = newSessionId();
    const refreshToken = newRefreshToken(sessionId);
    const expiresAtMs = refreshExpiry(nowMs, nowMs);
    await this.deps.sessions.deleteExpired(nowMs);
    await this.deps.sessions.insert({
      sessionId,
      userId,
      tokenVersion,
      refreshDigest: digestOfRefresh(refreshToken),
      address,
      createdAtMs: nowMs,
      expiresAtMs,
    });
    return this.tokensFor({ userId, sessionId }, refreshToken, expiresAtMs);
  }

  private async tokensFor(
    session: { userId: number; sessionId: string },
    refreshToken: string,
    refreshExpiresAtMs: number,
  ): Promise<IssuedTokens> {
    const nowMs = this.deps.nowMs();
    const accessToken = await this.deps.tokens.issue(session, nowMs);
    const refreshExpiresInSec = Math.round((refreshExpiresAtMs - nowMs) / 1000);
    return { accessToken, expiresInSec: ACCESS_TOKEN_SEC, refreshToken, refreshExpiresInSec };
  }

  private async endSession(sessionId: string): Promise<never> {
    await this.deps.sessions.delete(sessionId);
    this.deps.access.forget();
    throw new AdminError('INVALID_TOKEN');
  }
}

const maySignIn = ({ active, oneTimeUntilMs }: UserAccount, nowMs: number): boolean =>
  active && (oneTimeUntilMs === null || oneTimeUntilMs > nowMs);

const foldedName = (username: string): string => username.normalize('NFKC').toLowerCase();

const unfitPassword = (message: string): AdminError =>
  new AdminError('UNPROCESSABLE', { details: [{ path: 'new_password', message }] });
