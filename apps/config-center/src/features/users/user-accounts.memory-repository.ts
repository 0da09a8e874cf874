/** Accounts in memory, for tests. */
import type { Role } from '@ai-gateway/contracts';
import type { OneTimePassword, UserAccount, UserAccounts } from './user-accounts.port.js';

export class MemoryUserAccounts implements UserAccounts {
  private readonly accounts = new Map<number, UserAccount>();

  /** For the tests that need users besides the first. */
  put(username: string, role: Role, passwordHash: string): number {
    const userId = this.accounts.size + 1;
    this.accounts.set(userId, { ...firstAccount(username, passwordHash), userId, role });
    return userId;
  }

  change(userId: number, change: Partial<UserAccount>): void {
    const account = this.accounts.get(userId);
    if (account) this.accounts.set(userId, { ...account, ...change });
  }

  remove(userId: number): void {
    this.accounts.delete(userId);
  }

  async findByName(username: string): Promise<UserAccount | null> {
    return this.find((account) => account.username === username);
  }

  async findById(userId: number): Promise<UserAccount | null> {
    return this.find((account) => account.userId === userId);
  }

  async changePassword(
    { userId, tokenVersion }: Pick<UserAccount, 'userId' | 'tokenVersion'>,
    passwordHash: string,
  ): Promise<boolean> {
    if (this.accounts.get(userId)?.tokenVersion !== tokenVersion) return false;
    this.change(userId, { passwordHash, tokenVersion: tokenVersion + 1, oneTimeUntilMs: null });
    return true;
  }

  async confirmOneTimePassword(userId: number): Promise<void> {
    this.change(userId, { oneTimeUntilMs: null });
  }

  async isEmpty(): Promise<boolean> {
    return this.accounts.size === 0;
  }

  async insertFirst(username: string, password: OneTimePassword): Promise<boolean> {
    if (this.accounts.has(1)) return false;
    this.accounts.set(1, { ...firstAccount(username, password.passwordHash), ...password });
    return true;
  }

  async findUnusedOneTime(): Promise<UserAccount | null> {
    return this.find((account) => account.oneTimeUntilMs !== null);
  }

  async replaceOneTime(account: UserAccount, password: OneTimePassword): Promise<boolean> {
    const stored = this.accounts.get(account.userId);
    if (stored?.passwordHash !== account.passwordHash) return false;
    if (stored.oneTimeUntilMs === null) return false;
    this.change(account.userId, password);
    return true;
  }

  private find(isIt: (account: UserAccount) => boolean): UserAccount | null {
    const found = [...this.accounts.values()].find(isIt);
    return found ? { ...found } : null;
  }
}

const firstAccount = (username: string, passwordHash: string): UserAccount => ({
  userId: 1,
  username,
  role: 'super_admin',
  active: true,
  passwordHash,
  tokenVersion: 1,
  oneTimeUntilMs: null,
});
