/** `npm start`: the whole product from one command. */
import { Launcher } from './launcher.js';
import { readSettings } from './settings.js';
import { Terminal } from './terminal.js';

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2));
  const terminal = new Terminal({
    write: (text) => process.stdout.write(text),
    colour: process.stdout.isTTY && settings.NO_COLOR === undefined,
  });
  const launcher = new Launcher(settings, terminal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void launcher.stop(signal).then((code) => process.exit(code)));
  }
  await launcher.start();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
