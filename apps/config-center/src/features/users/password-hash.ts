/**
 * Passwords are kept as argon2id. A password is normalised first (the same word typed on two
 * keyboards is one password) and capped before hashing, because hashing cost grows with length.
 * Verification costs the same whether or not there is anything to verify against, and only so many
 * run at once: each takes 19 MiB.
 */
import { hash, verify, type Options } from '@node-rs/argon2';
import { MAX_PASSWORD_BYTES } from '@ai-gateway/contracts';
import { AdminError } from '@ai-gateway/nest-runtime';
import { isPublishedSecret } from '@ai-gateway/node-runtime';

/** Source: OWASP password storage cheat sheet, argon2id with 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const satisfies Options;

const MAX_WAITING = 64;
const MIN_DISTINCT_CHARACTERS = 5;

export interface PasswordHasher {
  /** @throws AdminError OVERLOADED when too many wait. */
  hash(password: string): Promise<string>;
  /** False also without a stored hash, after the same time. @throws AdminError OVERLOADED */
  matches(stored: string | null, password: string): Promise<boolean>;
}

export class Argon2PasswordHasher implements PasswordHasher {
  private waiting = 0;
  private readonly decoy: Promise<string>;

  constructor(private readonly cost: Options = COST) {
    this.decoy = hash('nobody has this password', cost);
  }

  hash(password: string): Promise<string> {
    return this.bounded(() => hash(normalised(password), this.cost));
  }

  matches(stored: string | null, password: string): Promise<boolean> {
    return this.bounded(async () => {
      const candidate = normalised(password);
      const tooLong = byteLength(candidate) > MAX_PASSWORD_BYTES;
      const same = await verify(stored ?? (await this.decoy), tooLong ? '' : candidate);
      return same && stored !== null && !tooLong;
    });
  }

  private async bounded<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.waiting >= MAX_WAITING) throw new AdminError('OVERLOADED');
    this.waiting += 1;
    try {
      return await work();
    } finally {
      this.waiting -= 1;
    }
  }
}

/** Why a new password is refused beyond what its schema says, or null. */
export function passwordWeakness(password: string, username: string): string | null {
  const text = normalised(password);
  if (byteLength(text) > MAX_PASSWORD_BYTES) return 'too long';
  if (text.toLowerCase().includes(username.normalize('NFKC').toLowerCase())) {
    return 'must not contain the user name';
  }
  if (isPublishedSecret(text)) return 'is a published password';
  if (new Set(text).size < MIN_DISTINCT_CHARACTERS) return 'repeats too few characters';
  return null;
}

const normalised = (password: string): string => password.normalize('NFKC');
const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');
