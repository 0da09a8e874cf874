/**
 * Access tokens: short-lived JWTs that name a user and a session. They carry no role; what a user
 * may do is read from the store when the token is used, so a change needs no new token. Algorithm
 * and keys come from configuration; what a token's header says about keys is ignored but `kid`.
 */
import { randomUUID } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import type { SigningKeys } from './signing-keys.js';

export const ACCESS_TOKEN_SEC = 15 * 60;
const LEEWAY_SEC = 60;
const ISSUER = 'ai-gateway-config-center';
const AUDIENCE = 'ai-gateway-admin';
const TYPE = 'at+jwt';
const MAX_TOKEN_LENGTH = 4096;

export interface AccessClaims {
  userId: number;
  sessionId: string;
}
export interface VerifiedAccess extends AccessClaims {
  /** With the leeway added. */
  expiresAtMs: number;
}

export class AccessTokens {
  constructor(private readonly keys: SigningKeys) {}

  issue({ userId, sessionId }: AccessClaims, nowMs: number): Promise<string> {
    const nowSec = Math.floor(nowMs / 1000);
    return new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: this.keys.algorithm, kid: this.keys.kid, typ: TYPE })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(String(userId))
      .setJti(randomUUID())
      .setIssuedAt(nowSec)
      .setExpirationTime(nowSec + ACCESS_TOKEN_SEC)
      .sign(this.keys.signingKey);
  }

  /** Null for whatever is not a token of ours that is valid now. */
  async verify(token: string, nowMs: number): Promise<VerifiedAccess | null> {
    if (token.length > MAX_TOKEN_LENGTH) return null;
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.keyOf(kid), {
        algorithms: [this.keys.algorithm],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: TYPE,
        requiredClaims: ['exp', 'iat', 'jti', 'sub', 'sid'],
        clockTolerance: LEEWAY_SEC,
        maxTokenAge: ACCESS_TOKEN_SEC,
        currentDate: new Date(nowMs),
      });
      return claimsOf(payload);
    } catch {
      return null;
    }
  }

  private keyOf(kid: string | undefined) {
    const key = kid === undefined ? undefined : this.keys.verifyingKeys.get(kid);
    if (!key) throw new Error('unknown key');
    return key;
  }
}

function claimsOf(payload: Record<string, unknown>): VerifiedAccess | null {
  const { sub, sid, exp } = payload;
  const userId = Number(sub);
  if (!Number.isSafeInteger(userId) || typeof sid !== 'string' || typeof exp !== 'number') {
    return null;
  }
  return { userId, sessionId: sid, expiresAtMs: (exp + LEEWAY_SEC) * 1000 };
}
