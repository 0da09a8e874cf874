/** Makes the first user before the process listens. */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AuditTrail } from '../../platform/audit/audit-trail.js';
import { SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import type { PasswordHasher } from '../users/password-hash.js';
import type { UserAccounts } from '../users/user-accounts.port.js';
import { PASSWORD_HASHER, USER_ACCOUNTS } from '../users/users.tokens.js';
import { bootstrapAdmin } from './bootstrap-admin.js';

@Injectable()
export class BootstrapLifecycle implements OnApplicationBootstrap {
  constructor(
    @Inject(USER_ACCOUNTS) private readonly accounts: UserAccounts,
    @Inject(PASSWORD_HASHER) private readonly hasher: PasswordHasher,
    private readonly audit: AuditTrail,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await bootstrapAdmin({
      accounts: this.accounts,
      hasher: this.hasher,
      audit: this.audit,
      password: this.settings.bootstrapAdminPassword ?? undefined,
      // The log may be shipped elsewhere; this line is for who starts the process.
      print: (line) => process.stdout.write(`${line}\n`),
      nowMs: Date.now,
    });
  }
}
