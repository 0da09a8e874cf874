/** Rules by which a test sees in an answer which configuration decided it. */
import type { Sample } from '../load.js';

/** Far above what a test sends. */
export const MANY = 1_000_000;

export const requestsPerMinute = (max_requests_per_minute: number) => ({
  rule_name: 'requests',
  rule_type: 'request_limit',
  rule_config: { max_requests_per_minute },
});

export const tokensPerDay = (max_tokens_per_day: number) => ({
  rule_name: 'tokens',
  rule_type: 'token_limit',
  rule_config: { max_tokens_per_day },
});

export const requestLimitOf = ({ headers }: Pick<Sample, 'headers'>): number =>
  Number(headers.get('x-ratelimit-limit-requests'));

export const tokenLimitOf = ({ headers }: Pick<Sample, 'headers'>): number =>
  Number(headers.get('x-ratelimit-limit-tokens'));

/** The given share of the values is at most this large. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/**
 * Of two answers of one gateway, the one whose request began after the other had ended must not be
 * of an older revision. Resolves to the pairs that are.
 */
export function stepsBack(samples: readonly Sample[]): [Sample, Sample][] {
  const back: [Sample, Sample][] = [];
  const newestOf = new Map<string, Sample[]>();
  for (const sample of samples.toSorted((a, b) => a.endedAt - b.endedAt)) {
    const startedAt = sample.endedAt - sample.durationMs;
    const ended = newestOf.get(sample.url) ?? [];
    const earlier = ended.findLast(({ endedAt }) => endedAt < startedAt);
    if (earlier !== undefined && earlier.revision > sample.revision) back.push([earlier, sample]);
    newestOf.set(sample.url, [...ended.slice(-200), sample]);
  }
  return back;
}
