/** The command line: `bench [suite] [--seconds 3] [--rounds 5] [--connections 64] [--only a,b] [--json file]`. */
import { parseArgs } from 'node:util';

export interface BenchOptions {
  readonly suite: string;
  /** Length of one round of one scenario. */
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  /** Names of scenarios; empty: all. What they are compared with runs in any case. */
  readonly only: readonly string[];
  readonly jsonFile: string | null;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function readOptions(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parsed(argv);
  return {
    suite: positionals[0] ?? 'proxy',
    seconds: positive('seconds', values.seconds),
    rounds: positive('rounds', values.rounds),
    connections: positive('connections', values.connections),
    only: values.only.split(',').filter((name) => name !== ''),
    jsonFile: values.json ?? null,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        seconds: { type: 'string', default: '3' },
        rounds: { type: 'string', default: '5' },
        connections: { type: 'string', default: '64' },
        only: { type: 'string', default: '' },
        json: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`--${name} takes a whole number above zero, not "${text}"`);
}
