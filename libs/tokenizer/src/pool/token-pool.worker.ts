/**
 * A thread of the pool: messages in, one answer out for each. A large count pauses every few
 * milliseconds, and whatever came meanwhile is answered then. Loads a vocabulary when it is first
 * used.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { isEncodingName, loadEncoding } from '../encoding.registry.js';
import { countWithin } from './budgeted-count.js';
import type { CountMessage, FromThread, ToThread } from './pool.messages.js';

async function answerTo(message: ToThread): Promise<FromThread> {
  const { id } = message;
  try {
    if (message.kind === 'load') return { id, failed: loadAll(message.encodings) };
    return { id, answer: await count(message) };
  } catch (error) {
    return { id, error: reasonOf(error) };
  }
}

async function count({ body, rule, budgetMs }: CountMessage) {
  const endMs = performance.now() + budgetMs;
  const clock = { isOver: () => performance.now() >= endMs, random: Math.random };
  const counting = countWithin(body, rule, clock);
  let slice = counting.next();
  for (; slice.done !== true; slice = counting.next()) await nextTurn();
  return slice.value;
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

parentPort?.on('message', (message: ToThread) => {
  void answerTo(message).then((answer) => parentPort?.postMessage(answer));
});
