/**
 * The text of an answer, deterministic: the same prompt gets the same words. Each word is one token
 * with the space before it in the byte-level BPE vocabularies in use, so n words are n tokens. Where
 * only an estimate exists (Claude), it is the most words that are not counted above n.
 */
import type { Script } from './script.schema.js';
import type { TokenCounter } from './token-counter.js';

const WORDS = (
  'the of and to in is that for on with as by at from this have are not was but they you all ' +
  'one can has more if will about up out so who what their when which there we time some other ' +
  'people like into just over also after first new because two any these most work year way even ' +
  'well many then them only its good know take see come could now look think back use how our'
).split(' ');

const DEFAULT_MIN_TOKENS = 16;
const DEFAULT_SPREAD = 48;
export const MAX_UNSCRIPTED_TOKENS = DEFAULT_MIN_TOKENS + DEFAULT_SPREAD;
/** Echoed text has no natural pieces that are tokens; this many characters come close. */
const ECHO_PIECE_CHARS = 4;

export interface AnswerText {
  /** In order, each about one token. */
  readonly pieces: readonly string[];
  /** The text was cut at the request's cap. */
  readonly isCut: boolean;
}

export interface TextRequest {
  readonly model: string;
  readonly prompt: string;
  readonly maxTokens: number | null;
  /** Answers of one request differ. */
  readonly choice: number;
  readonly script: Script;
  readonly counter: TokenCounter;
}

export function answerText(request: TextRequest): AnswerText {
  const { script, prompt, choice } = request;
  if (script.mode === 'echo') return capped(echoPieces(prompt), request);
  const random = randomFrom(hash(`${choice}:${prompt}`));
  if (script.body_bytes !== undefined)
    return capped(bytePieces(script.body_bytes, random), request);
  const wanted = script.tokens ?? DEFAULT_MIN_TOKENS + Math.floor(random() * DEFAULT_SPREAD);
  const count = Math.min(wanted, request.maxTokens ?? wanted);
  const { pieces } = capped(words(count, random), { ...request, maxTokens: count });
  return { pieces, isCut: count < wanted };
}

function words(count: number, random: () => number): string[] {
  return Array.from({ length: count }, (_, index) => (index === 0 ? '' : ' ') + word(random));
}

const word = (random: () => number): string => WORDS[Math.floor(random() * WORDS.length)] ?? 'the';

function bytePieces(bytes: number, random: () => number): string[] {
  const pieces: string[] = [];
  for (let left = bytes; left > 0;) {
    const piece = `${word(random)} `.slice(0, left);
    pieces.push(piece);
    left -= piece.length;
  }
  return pieces;
}

function echoPieces(text: string): string[] {
  const characters = Array.from(text);
  const pieces: string[] = [];
  for (let from = 0; from < characters.length; from += ECHO_PIECE_CHARS) {
    pieces.push(characters.slice(from, from + ECHO_PIECE_CHARS).join(''));
  }
  return pieces;
}

/** The longest beginning within the cap, found by counting; n pieces may be more than n tokens. */
function capped(pieces: string[], { maxTokens, model, counter }: TextRequest): AnswerText {
  const fits = (count: number): boolean =>
    counter.countText(model, pieces.slice(0, count).join('')) <= (maxTokens ?? 0);
  if (maxTokens === null || fits(pieces.length)) return { pieces, isCut: false };
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return { pieces: pieces.slice(0, low), isCut: true };
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

/** Mulberry32: small, repeatable, good enough for choosing words. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export const seedOf = hash;
