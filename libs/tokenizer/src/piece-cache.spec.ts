import { describe, expect, it } from 'vitest';
import { PieceCache } from './piece-cache.js';
import { encodingOf } from './encoding.registry.js';

/** Two pieces of one length and one hash. */
const FEW_TOKENS = 'communicationdevelopmentorganizationconf';
const MANY_TOKENS = 'jzhwjzbkqhxjhkxbqhwwkwkjqwqkqxjpjvjhxwxj';
const HASH = 7;
const MEGABYTE = 2 ** 20;

describe('the cache of pieces', () => {
  it('knows what was put in, until the ring has come round to it', () => {
    const cache = new PieceCache();
    const piece = Buffer.from('piece');
    cache.set(piece, piece.length, HASH, 3);
    expect(cache.get(piece, piece.length, HASH)).toBe(3);
    const other = Buffer.from('other');
    for (let bytes = 0; bytes <= MEGABYTE; bytes += other.length) {
      cache.set(other, other.length, HASH + 1, 1);
    }
    expect(cache.get(piece, piece.length, HASH)).toBe(0);
  });

  it('does not take overwritten bytes for the piece that stood there', () => {
    const cache = new PieceCache();
    const [first, second] = [Buffer.from('aaaa'), Buffer.from('bbbb')];
    cache.set(first, 4, HASH, 1);
    for (let bytes = 0; bytes <= MEGABYTE; bytes += 4) cache.set(second, 4, HASH + 1, 9);
    expect(cache.get(second, 4, HASH)).toBe(0);
  });

  it('cannot be led to a wrong count by pieces whose hashes collide', () => {
    const encoding = encodingOf('cl100k_base');
    const count = (text: string): number => encoding?.count(text).tokens ?? 0;
    const once = count(`${MANY_TOKENS}\n`);
    count(FEW_TOKENS);
    const fillers = Array.from({ length: 26 ** 3 }, (_, n) => {
      const letters = [n % 26, Math.floor(n / 26) % 26, Math.floor(n / 676)].map((at) =>
        String.fromCharCode(97 + at),
      );
      return `${MANY_TOKENS.repeat(5)}${letters.join('')}`;
    });
    count(fillers.slice(0, 6000).join(' '));
    count(FEW_TOKENS);
    expect(count(`${MANY_TOKENS}\n`.repeat(1000))).toBe(once * 1000);
  });
});
