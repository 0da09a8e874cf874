/**
 * Whom a limit counts, as a short text that may stand in a counter's key. Ids stay readable; text
 * of the client becomes a 64-bit digest, so that no raw input reaches a store. The digest is not
 * cryptographic: a caller who can choose colliding values could as well send the same value.
 */
import type { CompiledLimit } from './limit.types.js';

export interface LimitDimensions {
  readonly apiKeyId: number | null;
  /** Client address as text. */
  readonly ip: string | null;
  /** Who the client says it acts for. */
  readonly user: string | null;
  /** Canonical model name. */
  readonly model: string | null;
  readonly routeId: number | null;
}

/** All requests that lack the dimension are counted together. */
const ABSENT = 'none';

/** `-` for per namespace; else an id, a 16-digit digest, or `none`. */
export function scopeOf(limit: Pick<CompiledLimit, 'per'>, dimensions: LimitDimensions): string {
  switch (limit.per) {
    case 'namespace':
      return '-';
    case 'api_key':
      return idScope(dimensions.apiKeyId);
    case 'route':
      return idScope(dimensions.routeId);
    case 'ip':
      return textScope(dimensions.ip);
    case 'user':
      return textScope(dimensions.user);
    case 'model':
      return textScope(dimensions.model);
  }
}

const idScope = (id: number | null): string => (id === null ? ABSENT : String(id));
const textScope = (text: string | null): string => (text === null ? ABSENT : textDigest(text));

/**
 * 64 bits as 16 hex digits, the same in every process and version. Two multiplicative hashes over
 * UTF-16 units, each finished as in MurmurHash3, then mixed.
 * Source: MurmurHash3 fmix32 (public domain).
 */
export function textDigest(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
    b = (b << 13) | (b >>> 19);
  }
  const high = finish(a ^ text.length);
  return hex(high) + hex(finish(b ^ high));
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
