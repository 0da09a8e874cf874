import { describe, expect, it } from 'vitest';
import { anchors, codeSpans, linkTargets, section, tableRows } from './markdown.js';

const TEXT = `# Title

[outside](https://example.org) and [inside](other.md#a-part), not \`[code](x.md)\`.

## First part

| a | b |
| --- | --- |
| \`x\` | one \\| two |

### Below it

## Second part

| c |
| - |
| y |
`;

describe('markdown', () => {
  it('finds rows without header and rule, also with a pipe in a cell', () => {
    expect(tableRows(TEXT)).toEqual([['`x`', 'one | two'], ['y']]);
    expect(tableRows(TEXT, 'Second part')).toEqual([['y']]);
  });

  it('a section ends at the next heading of its level', () => {
    expect(section(TEXT, 'First part')).toContain('Below it');
    expect(section(TEXT, 'First part')).not.toContain('Second part');
    expect(() => section(TEXT, 'Third part')).toThrow(/Third part/);
  });

  it('finds links outside code, and anchors', () => {
    expect(linkTargets(TEXT)).toEqual(['https://example.org', 'other.md#a-part']);
    expect(anchors(TEXT)).toContain('first-part');
    expect(codeSpans('`a` and `b`')).toEqual(['a', 'b']);
  });
});
