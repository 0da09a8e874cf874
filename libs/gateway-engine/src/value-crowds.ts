/** How many matchers test for each value of each field: what tells a rare value from a shared one. */
import type { CompiledMatcher } from './matcher.compiler.js';
import { MapEdit, emptyMap, type PersistentMap } from './persistent-map.js';
import type { TextTest } from './text-test.js';

export type CrowdCounts = PersistentMap<string, PersistentMap<string, number>>;

/** NUL stands in no field name (refused at write), so names cannot run into each other. */
export const fieldKey = ({ place, field }: Pick<TextTest, 'place' | 'field'>): string =>
  `${place}\0${field}`;

export class ValueCrowds {
  readonly #base: CrowdCounts;
  readonly #edits = new Map<string, MapEdit<string, number>>();

  constructor(base: CrowdCounts) {
    this.#base = base;
  }

  /** @param by 1 for a matcher that comes, -1 for one that goes */
  count({ tests }: CompiledMatcher, by: 1 | -1): void {
    for (const test of tests) {
      if (test.values === null) continue;
      const counts = this.#countsOf(test);
      for (const value of test.values) {
        const count = (counts.get(value) ?? 0) + by;
        if (count === 0) counts.delete(value);
        else counts.set(value, count);
      }
    }
  }

  /** The first equality test of those whose most frequent value is rarest; null: there is none. */
  rarest({ tests }: CompiledMatcher): TextTest | null {
    let rarest: TextTest | null = null;
    let smallest = Infinity;
    for (const test of tests) {
      if (test.values === null) continue;
      const crowd = this.#crowdOf(test, test.values);
      if (crowd >= smallest) continue;
      rarest = test;
      smallest = crowd;
    }
    return rarest;
  }

  done(): CrowdCounts {
    const all = new MapEdit(this.#base);
    for (const [key, edit] of this.#edits) {
      const counts = edit.done();
      if (counts.size === 0) all.delete(key);
      else all.set(key, counts);
    }
    return all.done();
  }

  #crowdOf(test: TextTest, values: ReadonlySet<string>): number {
    const counts = this.#countsOf(test);
    let largest = 0;
    for (const value of values) largest = Math.max(largest, counts.get(value) ?? 0);
    return largest;
  }

  #countsOf(test: TextTest): MapEdit<string, number> {
    const key = fieldKey(test);
    const known = this.#edits.get(key);
    if (known !== undefined) return known;
    const edit = new MapEdit(this.#base.get(key) ?? emptyMap<string, number>());
    this.#edits.set(key, edit);
    return edit;
  }
}
