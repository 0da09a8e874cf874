import type { BenchOptions } from './options.js';

/** One kind of measurement. Rejects when what it measured did not work; a missed goal is a result. */
export type Suite = (options: BenchOptions, print: (line: string) => void) => Promise<void>;
