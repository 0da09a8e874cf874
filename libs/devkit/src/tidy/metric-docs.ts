/**
 * Reads the metrics a source file registers, by their text: constructing them would need the
 * running process. `name`, `help` and `labelNames` must therefore be literals.
 */
import { markdownTable } from './generated-block.js';

export interface MetricEntry {
  name: string;
  type: string;
  labels: string;
  help: string;
}

const CONSTRUCTION = /(?=new (?:Counter|Gauge|Histogram|Summary)\(\{)/;
const NAME = /\bname:\s*(?:'([^']+)'|`([^`]+)`)/;
const HELP = /\bhelp:\s*(?:'([^']+)'|"([^"]+)")/;
const LABELS = /\blabelNames:\s*\[([^\]]*)\]/;

export const metricsOf = (source: string): MetricEntry[] =>
  source
    .split(CONSTRUCTION)
    .filter((part) => part.startsWith('new '))
    .map(readEntry);

function readEntry(construction: string): MetricEntry {
  const options = construction.slice(0, endOfCall(construction));
  const name = NAME.exec(options);
  const help = HELP.exec(options);
  if (name === null || help === null) throw new Error(`name and help must be literals: ${options}`);
  return {
    name: name[1] ?? (name[2] ?? '').replaceAll(/\$\{(\w+)\}/g, '<$1>'),
    type: (/^new (\w+)/.exec(options)?.[1] ?? '').toLowerCase(),
    labels: [...(LABELS.exec(options)?.[1] ?? '').matchAll(/'(\w+)'/g)]
      .map((match) => match[1])
      .join(', '),
    help: help[1] ?? help[2] ?? '',
  };
}

/** Index of the bracket that closes the first one. */
function endOfCall(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '(') depth += 1;
    if (text[index] === ')') depth -= 1;
    if (depth === 0 && text[index] === ')') return index;
  }
  return text.length;
}

export function metricsTable(entries: readonly MetricEntry[]): string {
  const rows = [...entries]
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
    .map(({ name, type, labels, help }) => [`\`${name}\``, type, labels, help]);
  return markdownTable(['metric', 'type', 'labels', 'meaning'], rows);
}
