/**
 * `node apps/config-center/dist/cli.js <command>`: what operators do with the configuration from a
 * shell, with the settings of config-center, also while it runs. The result goes to stdout, all else
 * to stderr. Exit codes: 0 done, 1 failed or refused, 2 not understood.
 */
import 'reflect-metadata';
import { createLogger, createRegistry } from '@ai-gateway/node-runtime';
import { COMMANDS, UsageError, usage, type Command } from './cli-commands.js';
import { createApp } from './create-app.js';
import { readSettings } from './settings.js';

async function run(command: Command, args: readonly string[]): Promise<number> {
  const work = command.prepare(args);
  const settings = readSettings();
  const level = settings.logLevel === 'debug' ? 'debug' : 'warn';
  const logger = createLogger({ name: 'config-center-cli', level, out: process.stderr });
  const app = await createApp({ settings, logger, registry: createRegistry() });
  try {
    return await work(app, (text) => process.stdout.write(text));
  } finally {
    await app.close();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const command = COMMANDS.find(({ words }) => words.every((word, at) => args[at] === word));
  if (command === undefined) {
    const isHelp = args[0] === 'help' || args[0] === '--help';
    (isHelp ? process.stdout : process.stderr).write(usage());
    return isHelp ? 0 : 2;
  }
  try {
    return await run(command, args.slice(command.words.length));
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${usage()}`);
      return 2;
    }
    process.stderr.write(
      `${command.words.join(' ')} failed: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
