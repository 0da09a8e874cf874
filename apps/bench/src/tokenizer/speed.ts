/**
 * Bytes per second, cold and warm. A text is cut into parts; each part is counted by everybody once
 * (cold: none has seen this part) and then again (warm), in turns, so that whatever else the machine
 * does hits all alike. Before that the compilers are warmed on other text.
 */
import { median } from '../measure/median.js';
import { OURS, type CountTokens } from './contestants.js';

export interface Speed {
  readonly contestant: string;
  readonly coldMbPerSec: number;
  readonly warmMbPerSec: number;
  readonly warmTokensPerSec: number;
  readonly tokens: number;
}

const PARTS = 7;
/** The slowest does less than a megabyte a second. */
const MAX_PART_UNITS = 10_000;
/** Even the fastest takes a tenth of a millisecond for these, so a clock can tell. */
const MIN_TIMED_BYTES = 20_000;

/** @throws when two of them disagree on a count: figures of one that does not work mean nothing */
export function measureSpeed(
  text: string,
  contestants: ReadonlyMap<string, CountTokens>,
  size = Math.min(MAX_PART_UNITS, Math.floor(text.length / PARTS)),
): Speed[] {
  const parts = partsOf(text, size);
  const times = new Map([...contestants.keys()].map((name) => [name, timesOf()]));
  const bytes: number[] = [];
  for (const part of parts) {
    const partBytes = part.reduce((sum, each) => sum + Buffer.byteLength(each), 0);
    bytes.push(partBytes);
    const counts = [...contestants].map(([name, count]) => {
      const time = times.get(name) ?? timesOf();
      const cold = timed(count, part);
      const warm = timed(count, part);
      time.cold.push(partBytes / cold.us);
      time.warm.push(partBytes / warm.us);
      time.tokens += cold.tokens;
      return cold.tokens;
    });
    if (new Set(counts).size !== 1) throw new Error(`different counts: ${counts.join(', ')}`);
  }
  const allBytes = bytes.reduce((sum, each) => sum + each, 0);
  return [...times].map(([contestant, { cold, warm, tokens }]) => ({
    contestant,
    coldMbPerSec: median(cold),
    warmMbPerSec: median(warm),
    warmTokensPerSec: (median(warm) * 1e6 * tokens) / allBytes,
    tokens,
  }));
}

/** Ours over the fastest of the others, cold and warm. */
export function ratioToFastest(speeds: readonly Speed[]): { cold: number; warm: number } {
  const of = (figure: 'coldMbPerSec' | 'warmMbPerSec') => {
    const own = speeds.find(({ contestant }) => contestant === OURS)?.[figure] ?? NaN;
    const others = speeds.filter(({ contestant }) => contestant !== OURS);
    return own / Math.max(...others.map((speed) => speed[figure]));
  };
  return { cold: of('coldMbPerSec'), warm: of('warmMbPerSec') };
}

const timesOf = () => ({ cold: [] as number[], warm: [] as number[], tokens: 0 });

function timed(count: CountTokens, texts: readonly string[]): { us: number; tokens: number } {
  const startMs = performance.now();
  let tokens = 0;
  for (const text of texts) tokens += count(text);
  return { us: (performance.now() - startMs) * 1000, tokens };
}

/** Parts of texts of `size` units, each part large enough to be timed. */
function partsOf(text: string, size: number): string[][] {
  const perPart = Math.max(1, Math.ceil(MIN_TIMED_BYTES / size));
  return Array.from({ length: PARTS }, (_, part) =>
    Array.from({ length: perPart }, (_, index) =>
      window(text, (part * perPart + index) * size, size),
    ),
  );
}

/** The text over and over where it is too short. */
function window(text: string, from: number, size: number): string {
  const start = from % text.length;
  const once = text.slice(start, start + size);
  const whole =
    once.length === size ? once : (once + text.repeat(1 + size / text.length)).slice(0, size);
  return Buffer.from(whole.toWellFormed()).toString();
}
