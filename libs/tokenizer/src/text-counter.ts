/** What counts texts by name: an encoding of the engine, or a slow stand-in. */
import type { TextCount } from './encoding.js';

export interface TextCounter {
  readonly name: string;
  /** True: some 50 times as slow as the engine; large texts belong off the event loop. */
  readonly slow?: boolean;
  count(text: string): TextCount;
  /** Counts each text, pausing so that others may run. */
  countInSlices(texts: Iterable<string>): Generator<void, Map<string, TextCount>>;
  encode(text: string): number[];
}
