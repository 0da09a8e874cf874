/**
 * The first user. Without any user, `admin` is made with the operator's password or with a generated
 * one that is printed once and must be used within 30 minutes; from its first login on it holds
 * until it is changed. Until that login a later start may replace it (nobody can have lost access
 * by it), after it bootstrap never happens again: users never become none. Of several processes that
 * start together one prints: the first user has a fixed id, and a password younger than a minute is
 * left alone. Rejected: a default password, and a setup page anybody who comes first may use.
 */
import { randomBytes } from 'node:crypto';
import type { AuditTrail } from '../../platform/audit/audit-trail.js';
import type { OneTimePassword, UserAccount, UserAccounts } from '../users/user-accounts.port.js';
import type { PasswordHasher } from '../users/password-hash.js';

const BOOTSTRAP_USERNAME = 'admin';
/** What makes a second first user impossible; see `UserAccounts.insertFirst`. */
const BOOTSTRAP_USER_ID = 1;
const ONE_TIME_MS = 30 * 60_000;
const LEFT_ALONE_MS = 60_000;

export interface BootstrapDeps {
  accounts: UserAccounts;
  hasher: PasswordHasher;
  /** The operator's own first password. */
  password: string | undefined;
  audit: Pick<AuditTrail, 'record'>;
  /** Writes one line where only the operator reads it. */
  print: (line: string) => void;
  nowMs: () => number;
}

export async function bootstrapAdmin(deps: BootstrapDeps): Promise<void> {
  const { accounts } = deps;
  if (await accounts.isEmpty()) {
    return offer(deps, (password) => accounts.insertFirst(BOOTSTRAP_USERNAME, password));
  }
  const unused = await accounts.findUnusedOneTime();
  if (unused === null || (deps.password === undefined && isFresh(unused, deps.nowMs()))) return;
  await offer(deps, (password) => accounts.replaceOneTime(unused, password));
}

/** Prints and records only what was stored, and nothing when another process was faster. */
async function offer(
  { hasher, password, audit, print, nowMs }: BootstrapDeps,
  store: (password: OneTimePassword) => Promise<boolean>,
): Promise<void> {
  const offered = password ?? randomBytes(16).toString('hex');
  const oneTimeUntilMs = password === undefined ? nowMs() + ONE_TIME_MS : null;
  const stored = await store({ passwordHash: await hasher.hash(offered), oneTimeUntilMs });
  if (!stored) return;
  await audit.record({ action: 'bootstrap', objectType: 'user', objectId: BOOTSTRAP_USER_ID });
  if (password !== undefined) return;
  print(
    `bootstrap: admin password ${offered} (valid 30 minutes, change it at POST /api/v1/auth/password)`,
  );
}

const isFresh = ({ oneTimeUntilMs }: UserAccount, nowMs: number): boolean =>
  oneTimeUntilMs !== null && oneTimeUntilMs > nowMs + ONE_TIME_MS - LEFT_ALONE_MS;
