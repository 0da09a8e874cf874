/**
 * At most five failed logins in 15 minutes per address and per account. A try is counted before the
 * password is looked at and given back when it was right, so parallel guesses gain nothing. An
 * account's tries from an address it has a live session from are counted apart, so a stranger who
 * burns the tries of the last admin does not lock that admin out where the admin already works;
 * elsewhere the lock ends with its window. Rejected: growing delays, which such a stranger could
 * keep at their maximum for ever.
 */
import { isIPv6 } from 'node:net';

export const MAX_FAILED_LOGINS = 5;
export const FAILED_LOGIN_WINDOW_MS = 15 * 60_000;

export interface AttemptStore {
  /** Counts a try in the window of `key` (a new window begins when the last has ended). */
  add(key: string, nowMs: number): Promise<AttemptWindow>;
  /** Takes one try back. */
  takeBack(key: string): Promise<void>;
  clear(key: string): Promise<void>;
}
export interface AttemptWindow {
  /** Tries in this window, this one included. */
  count: number;
  endsAtMs: number;
}

export interface LoginAttempt {
  /** Of the one who tries, see `addressKey`. */
  address: string;
  /** The user's id, or the folded name when there is no such user. */
  account: string;
  /** The account has a live session from this address. */
  knownAddress: boolean;
}

export type ThrottleDecision = { allowed: true } | { allowed: false; retryAfterMs: number };

export class LoginThrottle {
  constructor(private readonly store: AttemptStore) {}

  async begin(attempt: LoginAttempt, nowMs: number): Promise<ThrottleDecision> {
    const windows: AttemptWindow[] = [];
    for (const key of keysOf(attempt)) windows.push(await this.store.add(key, nowMs));
    const full = windows.filter(({ count }) => count > MAX_FAILED_LOGINS);
    if (full.length === 0) return { allowed: true };
    const endsAtMs = Math.max(...full.map((window) => window.endsAtMs));
    return { allowed: false, retryAfterMs: Math.max(1, endsAtMs - nowMs) };
  }

  /** The password was right: the account starts anew, the address keeps its earlier failures. */
  async succeed(attempt: LoginAttempt): Promise<void> {
    const [address, account] = keysOf(attempt);
    await this.store.takeBack(address);
    await this.store.clear(account);
  }
}

function keysOf({ address, account, knownAddress }: LoginAttempt): [string, string] {
  const place = knownAddress ? `@${address}` : '';
  return [`address:${address}`, `account:${account}${place}`];
}

/** Addresses that are one subscriber count as one: an IPv6 /64, an IPv4 address in any notation. */
export function addressKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] ?? '').toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  const tailGroups = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - tailGroups.length;
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...tailGroups];
  return `${all.slice(0, 4).map(withoutLeadingZeros).join(':')}::/64`;
}

const withoutLeadingZeros = (group: string): string => group.replace(/^0+(?=.)/, '');
