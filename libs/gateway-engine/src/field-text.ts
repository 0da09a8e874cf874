/** How values become the text that matchers and field checks compare. */
import { MAX_MATCHED_TEXT_BYTES } from '@ai-gateway/contracts';

/**
 * Strings as they are, numbers and booleans by their JSON text. Null for all that has no text to
 * compare: missing, null, arrays, objects, and text longer than MAX_MATCHED_TEXT_BYTES in UTF-8.
 */
export function comparableText(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return isShortEnough(value) ? value : null;
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return null;
  }
}

/** The same for a header value, which holds one byte per character. */
export function comparableHeader(value: string | undefined): string | null {
  return value !== undefined && value.length <= MAX_MATCHED_TEXT_BYTES ? value : null;
}

/** A UTF-16 unit takes at most three bytes, so most texts are judged without being measured. */
function isShortEnough(text: string): boolean {
  if (text.length * 3 <= MAX_MATCHED_TEXT_BYTES) return true;
  return text.length <= MAX_MATCHED_TEXT_BYTES && Buffer.byteLength(text) <= MAX_MATCHED_TEXT_BYTES;
}

/** A configured text as a header's bytes look in Node: UTF-8, one character per byte. */
export function asHeaderBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** What a header's bytes say when read as UTF-8; broken sequences become U+FFFD. */
export function fromHeaderBytes(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** A JSON array of strings (numbers and booleans by their text), or values between commas. */
export function parseTextList(text: string): string[] {
  return parseJsonList(text) ?? text.split(',').map((item) => item.trim());
}

function parseJsonList(text: string): string[] | null {
  if (!text.trimStart().startsWith('[')) return null;
  try {
    const list: unknown = JSON.parse(text);
    const texts = Array.isArray(list) ? list.map(comparableText) : [];
    return texts.every((item) => item !== null) ? texts : null;
  } catch {
    return null;
  }
}
