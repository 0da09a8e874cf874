/** What the load generator is told to do, and what it found. */
export interface LoadOrder {
  readonly origin: string;
  readonly path: string;
  readonly body: string;
  /** Flat name/value arrays, used in turn. */
  readonly headerSets: readonly (readonly string[])[];
  /** Every answer must be 200 and have this many bytes. */
  readonly answerBytes: number;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The first wrong answer; null when all were right. */
  readonly failure: string | null;
}
