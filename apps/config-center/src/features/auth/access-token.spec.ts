import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newMasterKeyText, parseMasterKey } from '@ai-gateway/node-runtime';
import { AccessTokens } from './access-token.js';
import { createSigningKeys, type SigningKeyOptions, type SigningKeys } from './signing-keys.js';

const NOW = Date.parse('2026-11-21T03:00:00.000Z');
const NOW_SEC = NOW / 1000;
const MINUTE = 60_000;
const masterKey = parseMasterKey(newMasterKeyText());
const keysFrom = (options: Partial<SigningKeyOptions>) =>
  createSigningKeys({ masterKey, jwtPrivateKey: null, jwtSecret: null, ...options });
const keys = keysFrom({});
const tokens = new AccessTokens(keys);
const session = { userId: 7, sessionId: 'session-of-alice' };

const CLAIMS = {
  iss: 'ai-gateway-config-center',
  aud: 'ai-gateway-admin',
  sub: '7',
  sid: 'session-of-alice',
  jti: 'one',
  iat: NOW_SEC,
  exp: NOW_SEC + 900,
};
const HEADER = { alg: 'EdDSA', kid: keys.kid, typ: 'at+jwt' };

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (header: object, claims: object) => `${encode(header)}.${encode(claims)}`;

function forged(header: object, claims: object, key: KeyObject = keys.signingKey): string {
  const text = unsigned(header, claims);
  return `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
}

function publicKeyOf(from: SigningKeys): KeyObject {
  const key = from.verifyingKeys.get(from.kid);
  if (!key) throw new Error('the signing key verifies');
  return key;
}

const verify = (token: string, nowMs = NOW) => tokens.verify(token, nowMs);

describe('an access token', () => {
  it('made by hand as these tests do is accepted when nothing is wrong with it', async () => {
    expect(await verify(forged(HEADER, CLAIMS))).toMatchObject(session);
  });

  it('is refused when it names no algorithm', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      expect(await verify(`${unsigned({ ...HEADER, alg }, CLAIMS)}.`)).toBeNull();
      expect(await verify(forged({ ...HEADER, alg }, CLAIMS))).toBeNull();
    }
  });

  it('is refused when it is an HMAC under the public key', async () => {
    const text = unsigned({ ...HEADER, alg: 'HS256' }, CLAIMS);
    const publicKey = publicKeyOf(keys);
    const guesses = [
      publicKey.export({ format: 'pem', type: 'spki' }),
      publicKey.export({ format: 'der', type: 'spki' }),
      Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'),
    ];
    for (const guess of guesses) {
      const mac = createHmac('sha256', guess).update(text).digest('base64url');
      expect(await verify(`${text}.${mac}`)).toBeNull();
    }
  });

  it('is refused when its header brings a key or names an unknown one', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const jwk = publicKey.export({ format: 'jwk' });
    const headers = [
      { ...HEADER, jwk },
      { alg: 'EdDSA', typ: 'at+jwt', jwk },
      { ...HEADER, jku: 'https://evil.example/keys' },
      { ...HEADER, x5u: 'https://evil.example/cert' },
      { ...HEADER, kid: '../../dev/null' },
      { ...HEADER, kid: "' OR '1'='1" },
      { ...HEADER, kid: '__proto__' },
    ];
    for (const header of headers)
      expect(await verify(forged(header, CLAIMS, privateKey))).toBeNull();
    expect(await verify(forged({ alg: 'EdDSA', typ: 'at+jwt' }, CLAIMS))).toBeNull();
  });

  it('is refused with a critical extension or another type, though signed by us', async () => {
    expect(await verify(forged({ ...HEADER, crit: ['x'], x: 1 }, CLAIMS))).toBeNull();
    expect(await verify(forged({ ...HEADER, typ: 'JWT' }, CLAIMS))).toBeNull();
  });

  it('is refused when a claim is missing, foreign or malformed, though signed by us', async () => {
    const without = Object.keys(CLAIMS).map((name) => ({ [name]: undefined }));
    const wrong = [
      { iss: 'someone-else' },
      { aud: 'another-service' },
      { sub: 'alice' },
      { sid: 7 },
      { nbf: NOW_SEC + 120 },
      { iat: NOW_SEC - 1000, exp: NOW_SEC + 900 },
      { exp: NOW_SEC + 900, iat: NOW_SEC + 120 },
      { exp: NOW_SEC - 61 },
    ];
    const accepted = [];
    for (const claim of [...without, ...wrong]) {
      if (await verify(forged(HEADER, { ...CLAIMS, ...claim }))) accepted.push(claim);
    }
    expect(accepted).toEqual([]);
  });

  it('is refused when it is not a token at all or 100 kB long', async () => {
    const token = await tokens.issue(session, NOW);
    const noise = ['', ' ', '..', 'a.b', 'a.b.c', `${token}.`, ` ${token}`, `${token}x`];
    for (const text of noise) expect(await verify(text)).toBeNull();
    expect(await verify(forged(HEADER, { ...CLAIMS, pad: 'x'.repeat(100_000) }))).toBeNull();
  });

  it('is refused when it was changed after signing', async () => {
    const [header, , signature] = (await tokens.issue(session, NOW)).split('.');
    expect(await verify(`${header}.${encode({ ...CLAIMS, sub: '1' })}.${signature}`)).toBeNull();
  });

  it('holds for 15 minutes and one minute of leeway', async () => {
    const token = await tokens.issue(session, NOW);
    expect(await verify(token)).toMatchObject(session);
    expect(await verify(token, NOW + 15.9 * MINUTE)).toMatchObject(session);
    expect(await verify(token, NOW + 16.1 * MINUTE)).toBeNull();
    expect(await verify(token, NOW - 2 * MINUTE)).toBeNull();
  });

  it('is verified by another process with the same master key, by none with another', async () => {
    const token = await tokens.issue(session, NOW);
    const peer = new AccessTokens(keysFrom({}));
    const other = parseMasterKey(newMasterKeyText());
    const stranger = new AccessTokens(keysFrom({ masterKey: other }));
    expect(await peer.verify(token, NOW)).toMatchObject(session);
    expect(await stranger.verify(token, NOW)).toBeNull();
  });
});

describe('configured signing keys', () => {
  const pem = () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  };

  it('are refused when both kinds are set, short, of another type or unreadable', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const rsaPem = rsa.export({ format: 'pem', type: 'pkcs8' }).toString();
    const jwtSecret = 's'.repeat(32);
    const make = (options: Partial<SigningKeyOptions>) => () => keysFrom(options);
    expect(make({ jwtPrivateKey: pem(), jwtSecret })).toThrow('cannot be set together');
    expect(make({ jwtSecret: 'short' })).toThrow('at least 32 bytes');
    expect(make({ jwtSecret: `${jwtSecret} short` })).toThrow('at least 32 bytes');
    expect(make({ jwtPrivateKey: rsaPem })).toThrow('must be Ed25519');
    expect(make({ jwtPrivateKey: 'no key' })).toThrow('holds no PEM');
    expect(make({ jwtPrivateKey: pem().replace(/\n.{40}/, '\n') })).toThrow('not a valid PEM');
  });

  it.each(['EdDSA', 'HS256'] as const)('of %s rotate without logging anybody out', async (kind) => {
    const [old, fresh] = kind === 'EdDSA' ? [pem(), pem()] : ['a'.repeat(40), 'b'.repeat(40)];
    const withKeys = (text: string) =>
      new AccessTokens(keysFrom(kind === 'EdDSA' ? { jwtPrivateKey: text } : { jwtSecret: text }));
    const before = await withKeys(old).issue(session, NOW);
    const during = withKeys(`${fresh}\n${old}`);
    expect(await during.verify(before, NOW)).toMatchObject(session);
    const after = await during.issue(session, NOW);
    expect(await withKeys(fresh).verify(after, NOW)).toMatchObject(session);
    expect(await withKeys(fresh).verify(before, NOW)).toBeNull();
  });

  it('accept one algorithm only', async () => {
    const hmac = new AccessTokens(keysFrom({ jwtSecret: 'c'.repeat(40) }));
    expect(await hmac.verify(await tokens.issue(session, NOW), NOW)).toBeNull();
    expect(await verify(await hmac.issue(session, NOW))).toBeNull();
  });
});
