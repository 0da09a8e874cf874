/** The people who administer the gateway. */
import { Module, type Provider } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { Argon2PasswordHasher } from './password-hash.js';
import { TypeormUserAccounts } from './user-accounts.typeorm-repository.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';
import { PASSWORD_HASHER, USER_ACCOUNTS } from './users.tokens.js';

const shared: Provider[] = [
  { provide: PASSWORD_HASHER, useFactory: () => new Argon2PasswordHasher() },
  {
    provide: USER_ACCOUNTS,
    inject: [Database],
    useFactory: (database: Database) => new TypeormUserAccounts(database),
  },
];

@Module({
  controllers: [UsersController],
  providers: [...shared, UsersService],
  exports: shared,
})
export class UsersModule {}
