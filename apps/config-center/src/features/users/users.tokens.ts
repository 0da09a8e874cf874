/** Injection tokens of what is no class. */
export const USER_ACCOUNTS = Symbol('UserAccounts');
export const PASSWORD_HASHER = Symbol('PasswordHasher');
