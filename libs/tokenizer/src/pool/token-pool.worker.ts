/** A thread of the pool: one message in, one answer out. Loads a vocabulary when it is first used. */
import { parentPort } from 'node:worker_threads';
import { isEncodingName, loadEncoding } from '../encoding.registry.js';
import { countWithin } from './budgeted-count.js';
import type { FromThread, ToThread } from './pool.messages.js';

function answerTo(message: ToThread): FromThread {
  const { id } = message;
  try {
    if (message.kind === 'load') return { id, failed: loadAll(message.encodings) };
    const endMs = performance.now() + message.budgetMs;
    const clock = { isOver: () => performance.now() >= endMs, random: Math.random };
    return { id, answer: countWithin(message.body, message.rule, clock) };
  } catch (error) {
    return { id, error: reasonOf(error) };
  }
}

function loadAll(encodings: readonly string[]): Record<string, string> {
  const failed: [string, string][] = [];
  for (const name of encodings) {
    try {
      if (isEncodingName(name)) loadEncoding(name);
      else throw new Error('is not known');
    } catch (error) {
      failed.push([name, reasonOf(error)]);
    }
  }
  return Object.fromEntries(failed);
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

parentPort?.on('message', (message: ToThread) => parentPort?.postMessage(answerTo(message)));
