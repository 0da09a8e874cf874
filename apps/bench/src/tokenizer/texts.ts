/**
 * Texts of every kind. Real ones come from this checkout (documents, sources, lock file) and from
 * the translated messages of the TypeScript compiler; Arabic and emoji are put together from the
 * runtime's own names and sequences, without repeating in the same order.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const TYPESCRIPT = join(ROOT, 'node_modules', 'typescript', 'lib');

/** What is measured cold and warm, by kind. */
export const TEXT_KINDS: Readonly<Record<string, () => string>> = {
  English: () => files(join(ROOT, 'docs'), '.md'),
  Chinese: () => messages('zh-cn'),
  Japanese: () => messages('ja'),
  Russian: () => messages('ru'),
  Arabic: () => shuffledWords('ar', 6000),
  code: () => files(join(ROOT, 'libs'), '.ts'),
  JSON: () => readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  emoji: () => mixture(12_000, EMOJI),
  whitespace: () => mixture(40_000, SPACES),
};

/** What stops other tokenizers, by name; each makes about `bytes` bytes. */
export const PATHOLOGICAL: Readonly<Record<string, (bytes: number) => string>> = {
  'one letter': (bytes) => 'a'.repeat(bytes),
  'one Chinese character': (bytes) => '漢'.repeat(bytes / 3),
  blanks: (bytes) => ' '.repeat(bytes),
  'zero-width joiners': (bytes) => '\u200d'.repeat(bytes / 3),
  base64: (bytes) => base64(bytes),
  'a sentence 8,000 times': () => 'All work and no play. '.repeat(8000),
  '50,000 Chinese characters': () => chinese(50_000),
};

const EMOJI = ['👩‍👩‍👧‍👦', '👍🏽', '❤️‍🔥', '🇩🇪', '😀', '1️⃣', ' ', 'ok ', '🏳️‍🌈', '👩🏿‍🚀', '🎉', '🧑‍💻', '！'];
const SPACES = [
  ' ',
  '  ',
  '\t',
  '\n',
  '\r\n',
  '\n\n',
  '    ',
  'x',
  '\u3000',
  '          ',
  '\u00a0',
];

function messages(language: string): string {
  const file = join(TYPESCRIPT, language, 'diagnosticMessages.generated.json');
  return Object.values(JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>).join('\n');
}

function files(folder: string, extension: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(extension) && !/node_modules|dist/.test(name))
    .toSorted()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}

/** A generator with a fixed seed: the same texts in every run. */
function numbersBelow(): (limit: number) => number {
  let state = 12_345;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % limit;
  };
}

function mixture(count: number, units: readonly string[]): string {
  const below = numbersBelow();
  return Array.from({ length: count }, () => units[below(units.length)]).join('');
}

function shuffledWords(language: string, count: number): string {
  const names = new Intl.DisplayNames(language, { type: 'region' });
  const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  const words = codes.map((code) => names.of(code) ?? code).filter((name) => name.length > 2);
  const below = numbersBelow();
  return Array.from({ length: count }, () => words[below(words.length)]).join('، ');
}

function chinese(count: number): string {
  const characters = messages('zh-cn').replace(/[^\p{Script=Han}]/gu, '');
  return characters.repeat(Math.ceil(count / characters.length)).slice(0, count);
}

function base64(bytes: number): string {
  const below = numbersBelow();
  return Buffer.from(Array.from({ length: (bytes * 3) / 4 }, () => below(256))).toString('base64');
}
