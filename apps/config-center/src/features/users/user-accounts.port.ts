/** What signing in needs to know and change of users: the accounts, not their administration. */
import type { Role } from '@ai-gateway/contracts';

export interface UserAccount {
  userId: number;
  username: string;
  role: Role;
  /** False: disabled, may not sign in. */
  active: boolean;
  /** argon2id in PHC form. */
  passwordHash: string;
  /** Changes with the password; a session of another version is over. */
  tokenVersion: number;
  /** Until when a one-time password may be used first; null: it was used, or is none. */
  oneTimeUntilMs: number | null;
}

export interface OneTimePassword {
  passwordHash: string;
  /** Null: the password is the operator's own and does not expire. */
  oneTimeUntilMs: number | null;
}

export interface UserAccounts {
  findByName(username: string): Promise<UserAccount | null>;
  findById(userId: number): Promise<UserAccount | null>;
  /** Ends all sessions; false when the password was changed meanwhile. */
  changePassword(
    account: Pick<UserAccount, 'userId' | 'tokenVersion'>,
    passwordHash: string,
  ): Promise<boolean>;
  /** The one-time password was used: it now holds until it is changed. */
  confirmOneTimePassword(userId: number): Promise<void>;
  isEmpty(): Promise<boolean>;
  /** Makes user 1; false when there was one already, also when another process was faster. */
  insertFirst(username: string, password: OneTimePassword): Promise<boolean>;
  /** The account whose one-time password nobody has used yet. */
  findUnusedOneTime(): Promise<UserAccount | null>;
  /** Compare and set by the account's password: of two processes one gets true. */
  replaceOneTime(account: UserAccount, password: OneTimePassword): Promise<boolean>;
}
