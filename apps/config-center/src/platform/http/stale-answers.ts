/**
 * What reads were answered with, for as long as the database is away: bounded in number and bytes,
 * the longest unused goes first. Kept as text, so that nobody changes an answer after it was given.
 */
import type { ServerResponse } from 'node:http';

export interface StaleAnswersOptions {
  maxAnswers: number;
  /** Of all kept text together, UTF-16 code units. */
  maxLength: number;
  nowMs: () => number;
}

interface KeptAnswer {
  text: string;
  etag: string | null;
  answeredAtMs: number;
}

export class StaleAnswers {
  private readonly kept = new Map<string, KeptAnswer>();
  private length = 0;

  constructor(private readonly options: StaleAnswersOptions) {}

  keep(key: string, value: unknown, etag: string | null): void {
    this.drop(key);
    const text = JSON.stringify(value);
    this.kept.set(key, { text, etag, answeredAtMs: this.options.nowMs() });
    this.length += text.length;
    const { maxAnswers, maxLength } = this.options;
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= maxAnswers && this.length <= maxLength) return;
      this.drop(oldest);
    }
  }

  /** The value, its headers put on the response; undefined when none is kept. */
  recall(key: string, response: ServerResponse): unknown {
    const answer = this.kept.get(key);
    if (answer === undefined) return undefined;
    this.kept.delete(key);
    this.kept.set(key, answer);
    const ageMs = this.options.nowMs() - answer.answeredAtMs;
    response.setHeader('Age', String(Math.max(0, Math.floor(ageMs / 1000))));
    response.setHeader('Warning', '110 - "Response is Stale"');
    if (answer.etag !== null) response.setHeader('ETag', answer.etag);
    return JSON.parse(answer.text) as unknown;
  }

  private drop(key: string): void {
    this.length -= this.kept.get(key)?.text.length ?? 0;
    this.kept.delete(key);
  }
}

const FROM_MEMORY = Symbol('from memory only');

/** The caller was known a while ago and cannot be checked now: nothing fresh for this request. */
export function answerFromMemoryOnly(request: object): void {
  Object.defineProperty(request, FROM_MEMORY, { value: true });
}

export const isFromMemoryOnly = (request: object): boolean => FROM_MEMORY in request;
