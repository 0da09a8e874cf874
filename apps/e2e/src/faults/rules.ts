/** Rules by which a test sees in an answer which configuration decided it. */
import type { Sample } from '../load.js';

/** Far above what a test sends. Limits of a test are this and multiples of `STEP` more. */
export const MANY = 600_000;
export const STEP = 6;

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

/**
 * The limit of the configuration that decided. While Redis is away an instance shows its share of it,
 * an exact half or third; limits stay below twice `MANY`, so the size of what is shown tells which.
 */
export function requestLimitOf({ headers }: Pick<Sample, 'headers'>): number {
  const shown = Number(headers.get('x-ratelimit-limit-requests'));
  const instances = [1, 2, 3].find((count) => shown * count >= MANY) ?? NaN;
  return shown * instances;
}

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
