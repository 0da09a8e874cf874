/** Decisions: listed in the index, in one form, and each with a check that exists. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeSpans, linkTargets, section } from './markdown.js';
import { ROOT, exists, readJson, readText } from './repository.js';

const FOLDER = 'docs/adr';
const PARTS = ['Context', 'Decision', 'Consequences', 'Enforced by'];
const MAX_LINES = 60;

const decisions = readdirSync(join(ROOT, FOLDER)).filter((name) => /^\d{3}-/.test(name));
const { scripts } = readJson<{ scripts: Record<string, string> }>('package.json');

/** A link to a file, the path of one, or an npm script. */
function checksOf(text: string): string[] {
  const enforcedBy = section(text, 'Enforced by');
  const named = codeSpans(enforcedBy).filter(
    (span) => exists(span) || (/^npm run (\S+)$/.exec(span)?.[1] ?? '') in scripts,
  );
  return [...linkTargets(enforcedBy), ...named];
}

describe('decisions', () => {
  it('are listed in their index, numbered without a gap', () => {
    expect(linkTargets(readText(`${FOLDER}/README.md`)).sort()).toEqual([...decisions].sort());
    const numbers = decisions.map((name) => Number(name.slice(0, 3))).sort((a, b) => a - b);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it.each(decisions)('%s has its parts, a page at most, and a check that exists', (name) => {
    const text = readText(`${FOLDER}/${name}`);
    const headings = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    expect(headings).toEqual(PARTS);
    expect(text.split('\n').length).toBeLessThanOrEqual(MAX_LINES);
    expect(checksOf(text)).not.toEqual([]);
  });
});
