/**
 * Counting tokens beside `tiktoken` (WebAssembly), `gpt-tokenizer` and `js-tiktoken`, in one run:
 * every kind of text cold and warm, sizes from 100 bytes to a megabyte, the texts that stop others,
 * cold start and memory.
 */
import { writeFileSync } from 'node:fs';
import type { Suite } from './suite.js';
import { lineTable } from './report.js';
import { COMPARED_ENCODINGS, CONTESTANTS, type CountTokens } from './tokenizer/contestants.js';
import { patienceFor, startCost, type Patience } from './tokenizer/isolated.js';
import { measureSpeed, ratioToFastest, type Speed } from './tokenizer/speed.js';
import { PATHOLOGICAL, TEXT_KINDS } from './tokenizer/texts.js';

const NAMES = Object.keys(CONTESTANTS);
const SIZES = [100, 1_000, 10_000, 100_000, 1_000_000] as const;
const SIZED_KINDS = ['English', 'Chinese'] as const;
const MEGABYTE = 1_000_000;
/** The end of every text warms the compilers up and is not measured. */
const WARM_UP_UNITS = 3000;

interface SpeedRow {
  readonly encoding: string;
  readonly text: string;
  readonly size: number | null;
  readonly speeds: readonly Speed[];
}

export const runTokenizerSuite: Suite = async ({ only, jsonFile }, print) => {
  const wants = (part: string) => only.length === 0 || only.includes(part);
  const speeds: SpeedRow[] = [];
  const pathological: Record<string, Patience[]> = {};
  const starts: { name: string; encoding: string; startupMs: number; residentBytes: number }[] = [];
  if (wants('kinds')) speeds.push(...(await kinds(print)));
  if (wants('sizes')) speeds.push(...(await sizes(print)));
  if (wants('pathological')) {
    for (const kind of Object.keys(PATHOLOGICAL)) pathological[kind] = await patience(kind);
    print(patienceTable(pathological));
  }
  if (wants('start')) {
    for (const encoding of COMPARED_ENCODINGS) {
      for (const name of NAMES)
        starts.push({ name, encoding, ...(await startCost(name, encoding)) });
    }
    print(startTable(starts));
  }
  if (jsonFile === null) return;
  writeFileSync(jsonFile, `${JSON.stringify({ speeds, pathological, starts }, null, 2)}\n`);
};

async function kinds(print: (line: string) => void): Promise<SpeedRow[]> {
  const rows: SpeedRow[] = [];
  for (const encoding of COMPARED_ENCODINGS) {
    const contestants = await loaded(encoding);
    for (const [text, make] of Object.entries(TEXT_KINDS)) {
      rows.push({
        encoding,
        text,
        size: null,
        speeds: measureSpeed(make().slice(0, -WARM_UP_UNITS), contestants),
      });
    }
  }
  print(speedTable(rows));
  return rows;
}

async function sizes(print: (line: string) => void): Promise<SpeedRow[]> {
  const [encoding] = COMPARED_ENCODINGS;
  const contestants = await loaded(encoding);
  const rows = SIZED_KINDS.flatMap((text) =>
    SIZES.map((size) => {
      const whole = TEXT_KINDS[text]?.() ?? '';
      return { encoding, text, size, speeds: measureSpeed(whole, contestants, size) };
    }),
  );
  print(speedTable(rows));
  return rows;
}

async function loaded(encoding: string): Promise<ReadonlyMap<string, CountTokens>> {
  const contestants = new Map<string, CountTokens>();
  const texts = Object.values(TEXT_KINDS).map((make) => make().slice(-WARM_UP_UNITS));
  for (const [name, load] of Object.entries(CONTESTANTS)) {
    const count = await load(encoding);
    for (let turn = 0; turn < 10; turn += 1) for (const text of texts) count(text);
    contestants.set(name, count);
  }
  return contestants;
}

async function patience(kind: string): Promise<Patience[]> {
  const [encoding] = COMPARED_ENCODINGS;
  const times: Patience[] = [];
  for (const name of NAMES)
    times.push(await patienceFor(name, encoding, { kind, bytes: MEGABYTE }));
  return times;
}

function speedTable(rows: readonly SpeedRow[]): string {
  const heads = ['encoding, text', ...NAMES.map((name) => `${name} cold/warm`), 'Mtok/s', 'ratio'];
  return lineTable(
    heads,
    rows.map(({ encoding, text, size, speeds }) => {
      const { cold, warm } = ratioToFastest(speeds);
      return [
        `${encoding}, ${text}${size === null ? '' : ` × ${size}`}`,
        ...speeds.map((each) => pair(each.coldMbPerSec, each.warmMbPerSec)),
        ((speeds[0]?.warmTokensPerSec ?? NaN) / 1e6).toFixed(1),
        pair(cold, warm),
      ];
    }),
  );
}

const pair = (cold: number, warm: number): string => `${cold.toFixed(1)} / ${warm.toFixed(1)}`;

const patienceTable = (rows: Readonly<Record<string, readonly Patience[]>>): string =>
  lineTable(
    ['1 MB of, ms', ...NAMES],
    Object.entries(rows).map(([kind, times]) => [
      kind,
      ...times.map((ms) => (typeof ms === 'number' ? ms.toFixed(0) : ms)),
    ]),
  );

const startTable = (
  rows: readonly { name: string; encoding: string; startupMs: number; residentBytes: number }[],
): string =>
  lineTable(
    ['start', 'ms', 'MB resident'],
    rows.map(({ name, encoding, startupMs, residentBytes }) => [
      `${encoding}, ${name}`,
      startupMs.toFixed(0),
      (residentBytes / MEGABYTE).toFixed(0),
    ]),
  );
