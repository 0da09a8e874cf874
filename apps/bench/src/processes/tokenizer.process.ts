/**
 * One tokenizer in a process of its own: what its start costs in time and memory, and how long it
 * takes for a text that may well stop it (who asks ends the process then).
 */
import { CONTESTANTS } from '../tokenizer/contestants.js';
import { PATHOLOGICAL } from '../tokenizer/texts.js';
import type { Attempt, StartCost } from '../tokenizer/isolated.js';

const [contestant = '', encoding = ''] = process.argv.slice(2);

/** Resident memory without what a collection would free. */
function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

/** Some run out of stack. */
function attempt(work: () => unknown, fromMs: number): Attempt {
  try {
    work();
    return { ms: performance.now() - fromMs };
  } catch {
    return { ms: 'failed' };
  }
}

async function start(): Promise<void> {
  const load = CONTESTANTS[contestant];
  if (load === undefined) throw new Error(`no tokenizer "${contestant}"`);
  const before = residentBytes();
  const startMs = performance.now();
  const count = await load(encoding);
  count('first');
  const startupMs = performance.now() - startMs;
  const cost: StartCost = { startupMs, residentBytes: residentBytes() - before };
  process.on('message', ({ kind, bytes }: { kind: string; bytes: number }) => {
    const text = PATHOLOGICAL[kind]?.(bytes) ?? '';
    for (let turn = 0; turn < 20; turn += 1) count(text.slice(0, 2000));
    const fromMs = performance.now();
    process.send?.(attempt(() => count(text), fromMs));
  });
  process.send?.(cost);
}

process.on('disconnect', () => process.exit(0));
void start();
