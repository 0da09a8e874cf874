/** Where sessions are kept. A revoked session is a deleted one. */

export interface SessionRecord {
  /** 128 random bits, base64url. */
  sessionId: string;
  userId: number;
  /** The user's at login. */
  tokenVersion: number;
  /** Hex SHA-256 of the refresh token that is valid now. */
  refreshDigest: string;
  /** Of the login; a key of `addressKey`. */
  address: string;
  createdAtMs: number;
  expiresAtMs: number;
}

export interface RefreshRotation {
  sessionId: string;
  fromDigest: string;
  toDigest: string;
  expiresAtMs: number;
}

export interface SessionsRepository {
  insert(session: SessionRecord): Promise<void>;
  find(sessionId: string): Promise<SessionRecord | null>;
  /** Compare and set: false when `fromDigest` is not the valid one any more. */
  rotate(rotation: RefreshRotation): Promise<boolean>;
  /** Has the user a live session that began at this address? */
  knowsAddress(userId: number, address: string, nowMs: number): Promise<boolean>;
  delete(sessionId: string): Promise<void>;
  deleteOfUser(userId: number): Promise<void>;
  deleteExpired(nowMs: number): Promise<void>;
}
