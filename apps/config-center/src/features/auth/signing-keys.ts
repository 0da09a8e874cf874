/**
 * The keys access tokens are signed with. Without any setting it is an Ed25519 key derived from the
 * master key: every config-center on one database has the same master key, so each verifies the
 * others' tokens and nothing has to be stored or shared besides. Rejected: a key per process (a
 * user would be logged out by the next instance) and a key table (one more secret to seal).
 *
 * `JWT_PRIVATE_KEY` may hold several PEM keys and `JWT_SECRET` several secrets, parted by
 * white space: the first signs, the others still verify, which is how a key is rotated.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
} from 'node:crypto';
import { deriveKey, SettingsError, type MasterKey } from '@ai-gateway/node-runtime';

const PEM = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g;
/** The fixed head of a PKCS #8 Ed25519 key; the 32 bytes of the seed follow. Source: RFC 8410 §7. */
const ED25519_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const MIN_SECRET_BYTES = 32;

export interface SigningKeys {
  /** The one algorithm that is issued and accepted. */
  algorithm: 'EdDSA' | 'HS256';
  /** Of the key that signs. */
  kid: string;
  signingKey: KeyObject;
  verifyingKeys: ReadonlyMap<string, KeyObject>;
}

export interface SigningKeyOptions {
  masterKey: MasterKey;
  /** PEM, PKCS #8, Ed25519. */
  jwtPrivateKey: string | null;
  /** At least 32 bytes. */
  jwtSecret: string | null;
}

/** Throws `SettingsError` with a reason that quotes no key material. */
export function createSigningKeys(options: SigningKeyOptions): SigningKeys {
  const { masterKey, jwtPrivateKey, jwtSecret } = options;
  if (jwtPrivateKey !== null && jwtSecret !== null) {
    throw unfit('JWT_SECRET', 'cannot be set together with JWT_PRIVATE_KEY');
  }
  if (jwtSecret !== null) return hmacKeys(jwtSecret.trim().split(/\s+/));
  return ed25519Keys(jwtPrivateKey === null ? [derivedKey(masterKey)] : pemKeys(jwtPrivateKey));
}

function derivedKey(masterKey: MasterKey): KeyObject {
  const seed = deriveKey(masterKey, 'ai-gateway access token ed25519');
  return createPrivateKey({
    key: Buffer.concat([ED25519_HEAD, seed]),
    format: 'der',
    type: 'pkcs8',
  });
}

function pemKeys(text: string): KeyObject[] {
  const keys = (text.match(PEM) ?? []).map(pemKey);
  if (keys.length === 0) throw unfit('JWT_PRIVATE_KEY', 'holds no PEM private key');
  return keys;
}

function pemKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw unfit('JWT_PRIVATE_KEY', 'is not a valid PEM private key');
  }
  if (key.asymmetricKeyType !== 'ed25519') throw unfit('JWT_PRIVATE_KEY', 'must be Ed25519');
  return key;
}

function ed25519Keys(privateKeys: KeyObject[]): SigningKeys {
  const pairs = privateKeys.map((key) => {
    const publicKey = createPublicKey(key);
    return { key, publicKey, kid: kidOf(publicKey.export({ format: 'der', type: 'spki' })) };
  });
  const [first] = pairs;
  if (!first) throw new Error('a signing key is required');
  const verifyingKeys = new Map(pairs.map(({ kid, publicKey }) => [kid, publicKey]));
  return { algorithm: 'EdDSA', kid: first.kid, signingKey: first.key, verifyingKeys };
}

function hmacKeys(secrets: string[]): SigningKeys {
  const keys = secrets.map((text) => Buffer.from(text, 'utf8'));
  if (keys.some((bytes) => bytes.length < MIN_SECRET_BYTES)) {
    throw unfit('JWT_SECRET', `must have at least ${MIN_SECRET_BYTES} bytes`);
  }
  const pairs = keys.map((bytes) => ({ kid: kidOf(bytes), key: createSecretKey(bytes) }));
  const [first] = pairs;
  if (!first) throw new Error('a signing key is required');
  const verifyingKeys = new Map(pairs.map(({ kid, key }) => [kid, key]));
  return { algorithm: 'HS256', kid: first.kid, signingKey: first.key, verifyingKeys };
}

const unfit = (name: string, reason: string): SettingsError =>
  new SettingsError([`${name}: ${reason}`]);

/** Names a key without telling it: 64 bits of a hash over a label and the key. */
const kidOf = (material: Buffer): string =>
  createHash('sha256').update('ai-gateway kid').update(material).digest('hex').slice(0, 16);
