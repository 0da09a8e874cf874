import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { StaleAnswers, answerFromMemoryOnly, isFromMemoryOnly } from './stale-answers.js';

let nowMs = 0;
const answersOf = (maxAnswers: number, maxLength: number) =>
  new StaleAnswers({ maxAnswers, maxLength, nowMs: () => nowMs });

function recall(answers: StaleAnswers, key: string) {
  const headers: Record<string, string> = {};
  const response = {
    setHeader: (name: string, value: string) => (headers[name] = value),
  } as unknown as ServerResponse;
  return { value: answers.recall(key, response), headers };
}

describe('stale answers', () => {
  it('are none before the first read, and put no header on the response', () => {
    expect(recall(answersOf(2, 100), 'a')).toEqual({ value: undefined, headers: {} });
  });

  it('say that and how much they are stale', () => {
    const answers = answersOf(2, 100);
    nowMs = 1000;
    answers.keep('a', { n: 1 }, '"3"');
    nowMs = 4999;
    expect(recall(answers, 'a')).toEqual({
      value: { n: 1 },
      headers: { Age: '3', Warning: '110 - "Response is Stale"', ETag: '"3"' },
    });
  });

  it('are copies: what a caller does to one changes no other', () => {
    const answers = answersOf(2, 100);
    const value = { n: 1 };
    answers.keep('a', value, null);
    value.n = 2;
    (recall(answers, 'a').value as { n: number }).n = 3;
    expect(recall(answers, 'a').value).toEqual({ n: 1 });
  });

  it('beyond the number allowed, the longest unused goes', () => {
    const answers = answersOf(2, 100);
    answers.keep('a', 1, null);
    answers.keep('b', 2, null);
    recall(answers, 'a');
    answers.keep('c', 3, null);
    expect(['a', 'b', 'c'].map((key) => recall(answers, key).value)).toEqual([1, undefined, 3]);
  });

  it('beyond the length allowed, older ones go, and one that is too long is not kept', () => {
    const answers = answersOf(10, 20);
    answers.keep('a', 'x'.repeat(8), null);
    answers.keep('b', 'y'.repeat(8), null);
    answers.keep('b', 'z'.repeat(8), null);
    expect(recall(answers, 'a').value).toBe('x'.repeat(8));
    answers.keep('c', 'long'.repeat(20), null);
    expect(['a', 'b', 'c'].map((key) => recall(answers, key).value)).toEqual(Array(3));
    answers.keep('d', 'fits', null);
    expect(recall(answers, 'd').value).toBe('fits');
  });
});

describe('a request that may only be answered from memory', () => {
  it('is marked, others are not', () => {
    const [marked, other] = [{}, {}];
    answerFromMemoryOnly(marked);
    expect([isFromMemoryOnly(marked), isFromMemoryOnly(other)]).toEqual([true, false]);
  });
});
