/** The little of Markdown that the references need: tables, headings, links. */

/** Cells of every table row below the header, of the section with this heading or of all. */
export function tableRows(markdown: string, heading?: string): string[][] {
  const lines = (heading === undefined ? markdown : section(markdown, heading)).split('\n');
  return lines
    .filter((line, index) => isRow(line) && !isRule(line) && !isRule(lines[index + 1] ?? ''))
    .map(cellsOf);
}

/** What stands below `## heading` up to the next heading of the same or a higher level. */
export function section(markdown: string, heading: string): string {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => /^#{1,6} /.test(line) && titleOf(line) === heading);
  if (start === -1) throw new Error(`there is no heading "${heading}"`);
  const level = levelOf(lines[start] ?? '');
  const end = lines.findIndex(
    (line, index) => index > start && levelOf(line) > 0 && levelOf(line) <= level,
  );
  return lines.slice(start + 1, end === -1 ? undefined : end).join('\n');
}

export const codeSpans = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

/** Targets of links and images, without those inside code. */
export function linkTargets(markdown: string): string[] {
  const prose = markdown.replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map((match) => match[1] ?? '');
}

/** Anchors of the headings, as GitHub makes them. */
export const anchors = (markdown: string): Set<string> =>
  new Set(
    markdown
      .replaceAll(/```[\s\S]*?```/g, '')
      .split('\n')
      .filter((line) => levelOf(line) > 0)
      .map((line) =>
        titleOf(line)
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
          .replaceAll(' ', '-'),
      ),
  );

const isRow = (line: string): boolean => line.startsWith('|');
const isRule = (line: string): boolean => /^\|(\s*:?-+:?\s*\|)+$/.test(line);
const levelOf = (line: string): number => /^(#{1,6}) /.exec(line)?.[1]?.length ?? 0;
const titleOf = (line: string): string => line.replace(/^#{1,6} /, '').trim();

/** A pipe within a cell is written `\|`. */
const cellsOf = (line: string): string[] =>
  line
    .trim()
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
