/** Signing in, and the check of every request's credential. */
import type { Logger } from '@ai-gateway/node-runtime';
import { Module, type Provider } from '@nestjs/common';
import { AuditTrail } from '../../platform/audit/audit-trail.js';
import { Database } from '../../platform/database/database.js';
import { LOGGER, SETTINGS } from '../../platform/tokens.js';
import type { Settings } from '../../settings.js';
import type { PasswordHasher } from '../users/password-hash.js';
import type { UserAccounts } from '../users/user-accounts.port.js';
import { UsersModule } from '../users/users.module.js';
import { PASSWORD_HASHER, USER_ACCOUNTS } from '../users/users.tokens.js';
import { AccessCheck } from './access-check.js';
import { AccessTokens } from './access-token.js';
import { TypeormAttemptStore } from './attempts.typeorm-store.js';
import { AuthController } from './auth.controller.js';
import { AuthenticationService } from './authentication.service.js';
import { BootstrapLifecycle } from './bootstrap.lifecycle.js';
import { LoginThrottle } from './login-throttle.js';
import type { SessionsRepository } from './sessions.repository.js';
import { TypeormSessionsRepository } from './sessions.typeorm-repository.js';
import { createSigningKeys } from './signing-keys.js';

const SESSIONS = Symbol('SessionsRepository');
const nowMs = Date.now;

const providers: Provider[] = [
  {
    provide: SESSIONS,
    inject: [Database],
    useFactory: (database: Database) => new TypeormSessionsRepository(database),
  },
  {
    provide: LoginThrottle,
    inject: [Database],
    useFactory: (database: Database) => new LoginThrottle(new TypeormAttemptStore(database)),
  },
  {
    provide: AccessTokens,
    inject: [SETTINGS],
    useFactory: (settings: Settings) => new AccessTokens(createSigningKeys(settings)),
  },
  {
    provide: AccessCheck,
    inject: [AccessTokens, SESSIONS, USER_ACCOUNTS],
    useFactory: (tokens: AccessTokens, sessions: SessionsRepository, accounts: UserAccounts) =>
      new AccessCheck({ tokens, sessions, accounts, nowMs }),
  },
  {
    provide: AuthenticationService,
    inject: [
      USER_ACCOUNTS,
      SESSIONS,
      AccessTokens,
      AccessCheck,
      PASSWORD_HASHER,
      LoginThrottle,
      AuditTrail,
      LOGGER,
    ],
    useFactory: (
      ...[accounts, sessions, tokens, access, hasher, throttle, audit, logger]: [
        UserAccounts,
        SessionsRepository,
        AccessTokens,
        AccessCheck,
        PasswordHasher,
        LoginThrottle,
        AuditTrail,
        Logger,
      ]
    ) =>
      new AuthenticationService({
        accounts,
        sessions,
        tokens,
        access,
        hasher,
        throttle,
        audit,
        logger,
        nowMs,
      }),
  },
];

@Module({
  imports: [UsersModule],
  controllers: [AuthController],
  providers: [...providers, BootstrapLifecycle],
  exports: [AccessCheck],
})
export class AuthModule {}
