/**
 * The command that adds a vocabulary:
 * `add-vocabulary --name llama3 --file tokenizer.json [--directory folder] [--corpus path]`, and
 * `check-vocabulary` with the same options, which compares and writes nothing.
 */
import { parseArgs } from 'node:util';
import { addVocabulary, type VocabularyReport } from './add-vocabulary.js';
import { VocabularyError } from './vocabulary-error.js';

const VOCABULARY_USAGE =
  'add-vocabulary --name <name> --file <tokenizer.json> [--directory <folder>] [--corpus <path>]\n' +
  'check-vocabulary --file <tokenizer.json> [--corpus <path>]\n';

export interface CommandResult {
  exitCode: 0 | 1 | 2;
  output: string;
}

/** Never throws on what the user gave; exit codes: 0 added, 1 not added, 2 wrong usage. */
export function runVocabularyCommand(
  args: readonly string[],
  defaultDirectory: string,
): CommandResult {
  const command = readCommand(args, defaultDirectory);
  if (command === null) return { exitCode: 2, output: `usage:\n${VOCABULARY_USAGE}` };
  try {
    const report = addVocabulary(command);
    return { exitCode: report.different.length === 0 ? 0 : 1, output: textOf(report) };
  } catch (error) {
    if (!isExpected(error)) throw error;
    return { exitCode: 1, output: `${command.file}: ${error.message}\n` };
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof VocabularyError || (error instanceof Error && 'syscall' in error);
}

function readCommand(args: readonly string[], defaultDirectory: string) {
  const given = parse(args);
  if (given === null) return null;
  const { positionals, values } = given;
  const [command] = positionals;
  const { name = command === 'check-vocabulary' ? 'checked' : undefined, file } = values;
  const isCommand = command === 'add-vocabulary' || command === 'check-vocabulary';
  if (!isCommand || positionals.length > 1 || name === undefined || file === undefined) return null;
  const directory = command === 'add-vocabulary' ? (values.directory ?? defaultDirectory) : null;
  return { name, file, directory, corpus: values.corpus };
}

function parse(args: readonly string[]) {
  const option = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { name: option, file: option, directory: option, corpus: option },
    });
  } catch {
    return null;
  }
}

function textOf(report: VocabularyReport): string {
  const { compared, different } = report;
  const lines = report.byteLevel
    ? [
        `${report.name}: ${report.tokens} byte-level tokens`,
        `${compared - different.length} of ${compared} texts have the ids of @huggingface/tokenizers`,
        ...different.map((text) => `differs: ${JSON.stringify(text)}`),
      ]
    : [
        `${report.name}: not for the engine (${report.reason})`,
        'It is counted with @huggingface/tokenizers, which is slow; long texts are estimates.',
      ];
  const written = report.written.map((path) => `wrote ${path}`);
  return [...lines, ...written, ''].join('\n');
}
