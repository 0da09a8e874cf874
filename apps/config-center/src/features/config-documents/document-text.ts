/** A configuration document as text, and where in it things stand. */
import { Worker } from 'node:worker_threads';
import type { ConfigDocument } from '@ai-gateway/contracts';
import { stringify } from 'yaml';

export type DocumentFormat = 'yaml' | 'json';

export interface DocumentProblem {
  line: number | null;
  /** Dotted; empty: the document as a whole. */
  path: string;
  message: string;
}

export interface LocatedDocument {
  value: unknown;
  problems: readonly DocumentProblem[];
  /** The line of a path or of what it stands in; null: unknown. */
  lineOf: (path: string) => number | null;
}

const MAX_PARSE_MS = 60_000;
const MAX_HEAP_MB = 1024;

export const textOf = (document: ConfigDocument, format: DocumentFormat): string =>
  format === 'yaml'
    ? stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })
    : `${JSON.stringify(document, null, 2)}\n`;

/** For a document that was no text a person would look at. */
export const unlocated = (value: unknown): LocatedDocument => ({
  value,
  problems: [],
  lineOf: () => null,
});

interface Parsed {
  value: unknown;
  lines: ReadonlyMap<string, number>;
  problems: DocumentProblem[];
}

/** Never rejects for what the text says: problems say it. */
export async function parseDocumentText(
  text: string,
  format: DocumentFormat,
): Promise<LocatedDocument> {
  const { value, lines, problems } = await parseInThread(text, format);
  return { value, problems, lineOf: (path) => nearestLine(lines, path) };
}

/** Compiled or, in tests, as its source, which the runtime reads as well. */
const WORKER = new URL(
  `./document-parser.worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
);

function parseInThread(text: string, format: DocumentFormat): Promise<Parsed> {
  const worker = new Worker(WORKER, {
    workerData: { text, format },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  return new Promise<Parsed>((resolve, reject) => {
    const fail = (message: string): void =>
      resolve({ value: null, lines: new Map(), problems: [{ line: null, path: '', message }] });
    const timer = setTimeout(() => {
      fail('takes too long to read');
      void worker.terminate();
    }, MAX_PARSE_MS);
    worker.once('message', resolve);
    worker.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') fail('is too large to read');
      else reject(error);
    });
    worker.once('exit', () => {
      clearTimeout(timer);
      fail('cannot be read');
    });
  });
}

function nearestLine(lines: ReadonlyMap<string, number>, path: string): number | null {
  for (let place = path; ; place = place.slice(0, Math.max(0, place.lastIndexOf('.')))) {
    const line = lines.get(place);
    if (line !== undefined) return line;
    if (place === '') return null;
  }
}
