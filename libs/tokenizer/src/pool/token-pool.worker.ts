/**
 * A thread of the pool: messages in, one answer out for each. A large count pauses every few
 * milliseconds, and whatever came meanwhile is answered then. Loads a vocabulary when it is first
 * used.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { brokenVocabularies, findCounter, useVocabularies } from '../vocabulary.catalog.js';
import { countWithin } from './budgeted-count.js';
import type { CountMessage, FromThread, ThreadData, ToThread } from './pool.messages.js';

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
  const failed = encodings.flatMap((name) => {
    const reason = problemOf(name);
    return reason === null ? [] : [[name, reason] as const];
  });
  return Object.fromEntries(failed);
}

function problemOf(name: string): string | null {
  try {
    if (findCounter(name) !== null) return null;
    return brokenVocabularies().get(name) ?? 'is not known';
  } catch (error) {
    return reasonOf(error);
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const { vocabularies } = workerData as ThreadData;
if (vocabularies !== null) useVocabularies(vocabularies);

parentPort?.on('message', (message: ToThread) => {
  void answerTo(message).then((answer) => parentPort?.postMessage(answer));
});
