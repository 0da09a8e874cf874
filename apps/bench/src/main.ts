/** `npm run bench`: runs one suite and prints what it found. */
import { runConfigSuite } from './config.suite.js';
import { UsageError, readOptions } from './options.js';
import { runPropagationSuite } from './propagation.suite.js';
import { runProxySuite } from './proxy.suite.js';
import type { Suite } from './suite.js';
import { runTokenizerSuite } from './tokenizer.suite.js';

const SUITES: ReadonlyMap<string, Suite> = new Map([
  ['proxy', runProxySuite],
  ['propagation', runPropagationSuite],
  ['config', runConfigSuite],
  ['tokenizer', runTokenizerSuite],
]);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const run = SUITES.get(options.suite);
  if (run === undefined) {
    throw new UsageError(
      `no suite "${options.suite}"; there are: ${[...SUITES.keys()].join(', ')}`,
    );
  }
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  await run(options, print);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${isUsage ? error.message : String((error as Error).stack)}\n`);
    process.exit(1);
  },
);
