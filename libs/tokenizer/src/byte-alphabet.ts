/**
 * The letters that byte-level vocabularies write bytes with: printable Latin-1 stands for itself,
 * the other bytes are moved above U+0100.
 *
 * Source: `bytes_to_unicode` of openai/gpt-2, `encoder.py`.
 */

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

const LETTERS: readonly number[] = (() => {
  let moved = 0x100;
  return Array.from({ length: 256 }, (_, byte) => (isPrintable(byte) ? byte : moved++));
})();
const BYTES: ReadonlyMap<number, number> = new Map(LETTERS.map((letter, byte) => [letter, byte]));

/** The bytes a token stands for, or null where it holds a letter that stands for none. */
export function bytesOfToken(token: string): Uint8Array | null {
  const bytes = new Uint8Array(token.length);
  for (let index = 0; index < token.length; index++) {
    const byte = BYTES.get(token.charCodeAt(index));
    if (byte === undefined) return null;
    bytes[index] = byte;
  }
  return bytes;
}

export function tokenOfBytes(bytes: Uint8Array): string {
  return String.fromCharCode(...Array.from(bytes, (byte) => LETTERS[byte] as number));
}
