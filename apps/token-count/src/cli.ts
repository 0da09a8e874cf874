/**
 * `node apps/token-count/dist/cli.js <command>`: adds vocabularies of models and compares them with
 * their reference, with the settings of the token service. Exit codes: 0 done, 1 refused, 2 not
 * understood.
 */
import { runVocabularyCommand } from '@ai-gateway/tokenizer';
import { readSettings } from './settings.js';

const { exitCode, output } = runVocabularyCommand(
  process.argv.slice(2),
  readSettings().tokenizerDir,
);
(exitCode === 2 ? process.stderr : process.stdout).write(output);
process.exitCode = exitCode;
