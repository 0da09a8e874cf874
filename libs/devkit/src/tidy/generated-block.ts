/**
 * Parts of the references are written by code, between markers, so that they can't drift:
 *
 *     <!-- generated:errors -->  …  <!-- /generated -->
 *
 * The test fails while a block differs from the code. `UPDATE_DOCS=1 npm run test:unit -- tidy`
 * rewrites the blocks.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readText } from './repository.js';

const BLOCK = /(?:<!--|#) generated:(\S+)(?: -->)?\n([\s\S]*?)(?:<!--|#) \/generated(?: -->)?/g;

/** Name and content of every block of a file. */
export function generatedBlocks(path: string): Map<string, string> {
  const matches = [...readText(path).matchAll(BLOCK)];
  return new Map(matches.map((match) => [match[1] ?? '', (match[2] ?? '').trim()]));
}

/** When the update was asked for: replaces the blocks' content, appends blocks that are missing. */
export function updateIfAsked(path: string, expected: ReadonlyMap<string, string>): void {
  if (process.env.UPDATE_DOCS !== '1') return;
  const present = generatedBlocks(path);
  const missing = [...expected.keys()].filter((name) => !present.has(name));
  const appended = missing.map((name) => `\n## ${name}\n\n${open(name)}\n${CLOSE}\n`);
  const text = [readText(path), ...appended].join('');
  const blank = path.endsWith('.md') ? '\n' : '';
  const updated = text.replaceAll(BLOCK, (whole, name: string) => {
    const content = expected.get(name);
    if (content === undefined) return whole;
    const [head = ''] = whole.split('\n', 1);
    const tail = whole.slice(whole.lastIndexOf('\n') + 1);
    return [head, `${blank}${content}${blank}`, tail].join('\n');
  });
  writeFileSync(join(ROOT, path), updated);
}

const open = (name: string): string => `<!-- generated:${name} -->`;
const CLOSE = '<!-- /generated -->';

/** Columns padded to equal width, as Prettier does, so that formatting changes nothing. */
export function markdownTable(header: readonly string[], rows: readonly string[][]): string {
  const cells = [[...header], ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))];
  const widths = header.map((_, column) =>
    Math.max(3, ...cells.map((row) => (row[column] ?? '').length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - cell.length)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [head = [], ...body] = cells;
  return [line(head), rule, ...body.map(line)].join('\n');
}
