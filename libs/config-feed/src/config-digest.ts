/**
 * One short text that says which configuration an instance received: the XOR of a hash of every
 * live resource, so that it does not depend on order and a change costs two hashes, however many
 * resources there are. Rejected: a hash over everything, which costs as much as there is; a sum of
 * revisions, which says nothing about values.
 */
import { hash } from 'node:crypto';
import { canonicalJson } from '@ai-gateway/contracts';

const HEX_DIGITS = 32;

/**
 * The share of one resource: the first 16 bytes of SHA-256 over `kind:id:json`.
 * @param json see `canonicalJson`
 */
export function resourceHash(kind: string, id: number, json: string): bigint {
  return BigInt(`0x${hash('sha256', `${kind}:${id}:${json}`).slice(0, HEX_DIGITS)}`);
}

/** 32 hex digits. */
export const digestText = (digest: bigint): string => digest.toString(16).padStart(HEX_DIGITS, '0');

export class ConfigDigest {
  readonly #hashes = new Map<string, bigint>();
  #digest = 0n;

  /** @param value as it was received; null or undefined: the resource does not exist */
  set(kind: string, id: number, value: unknown): void {
    const key = `${kind}:${id}`;
    this.#digest ^= this.#hashes.get(key) ?? 0n;
    this.#hashes.delete(key);
    if (value === null || value === undefined) return;
    const share = resourceHash(kind, id, canonicalJson(value));
    this.#hashes.set(key, share);
    this.#digest ^= share;
  }

  clear(): void {
    this.#hashes.clear();
    this.#digest = 0n;
  }

  /** 32 hex digits, zeros while there is nothing. */
  get hex(): string {
    return digestText(this.#digest);
  }
}
