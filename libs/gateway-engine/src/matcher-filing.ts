/**
 * Keeps the matcher index: takes matchers out and files new ones, touching only their own buckets.
 * Of several equality tests a matcher is filed under the one whose values are rarest, so that no
 * bucket grows with the number of tenants while another test could tell them apart. What is filed
 * stays where it is, although later ones may make another place rarer; a table that is compiled
 * from nothing files all by the final counts. Rejected: moving matchers when counts change, which
 * would let one change touch any number of others.
 */
import { finish, type Steps } from './compile-step.js';
import type { CompiledMatcher } from './matcher.compiler.js';
import type { Candidate, FieldIndex, MatcherIndex } from './matcher-index.js';
import { MapEdit, emptyMap, type PersistentMap } from './persistent-map.js';
import { byPrecedence, type Ranked } from './precedence.js';
import type { TextTest } from './text-test.js';
import { ValueCrowds, fieldKey, type CrowdCounts } from './value-crowds.js';

interface Place {
  readonly matcher: CompiledMatcher;
  /** The test it is filed under; null: it stands in the list. */
  readonly key: TextTest | null;
}

interface FiledField extends FieldIndex {
  readonly byText: PersistentMap<string, readonly Candidate[]>;
}

export interface FiledMatchers extends MatcherIndex {
  readonly fields: readonly FiledField[];
  readonly places: PersistentMap<number, Place>;
  readonly crowds: CrowdCounts;
}

export const NOTHING_FILED: FiledMatchers = {
  fields: [],
  list: [],
  places: emptyMap(),
  crowds: emptyMap(),
};

/** All at once, for a table compiled from nothing. @param matchers in any order */
export const buildMatcherIndex = (matchers: readonly CompiledMatcher[]): MatcherIndex =>
  finish(fileMatchers(NOTHING_FILED, [], matchers));

/** @param removed ids; ones that are not filed are no mistake. A changed matcher is in both. */
export function* fileMatchers(
  base: FiledMatchers,
  removed: Iterable<number>,
  added: readonly CompiledMatcher[],
): Steps<FiledMatchers> {
  const places = new MapEdit(base.places);
  const crowds = new ValueCrowds(base.crowds);
  const list = new BucketEdit<CompiledMatcher>((matcher) => matcher);
  const fields = new Map(base.fields.map((field) => [fieldKey(field), new FieldEdit(field)]));
  for (const id of removed) {
    yield;
    const place = places.get(id);
    if (place === undefined) continue;
    places.delete(id);
    crowds.count(place.matcher, -1);
    if (place.key === null) list.drop.add(id);
    else fields.get(fieldKey(place.key))?.drop(place.key, id);
  }
  for (const matcher of added) {
    yield;
    crowds.count(matcher, 1);
  }
  for (const matcher of added) {
    yield;
    const key = crowds.rarest(matcher);
    places.set(matcher.id, { matcher, key });
    if (key === null) list.add.push(matcher);
    else fieldOf(fields, key).add(matcher, key);
  }
  const filed: FiledField[] = [];
  for (const field of fields.values()) {
    const done = yield* field.done();
    if (done.byText.size > 0) filed.push(done);
  }
  return {
    fields: filed.sort((a, b) => byPrecedence(a.first, b.first)),
    list: list.applyTo(base.list),
    places: places.done(),
    crowds: crowds.done(),
  };
}

function fieldOf(fields: Map<string, FieldEdit>, key: TextTest): FieldEdit {
  const known = fields.get(fieldKey(key));
  if (known !== undefined) return known;
  const { place, field, read } = key;
  const edit = new FieldEdit({ place, field, read, byText: emptyMap(), first: NOBODY });
  fields.set(fieldKey(key), edit);
  return edit;
}

/** Goes after everybody. */
const NOBODY: Ranked = { id: Infinity, priority: -Infinity };

/** What happens to the matchers of one field. */
class FieldEdit {
  readonly #field: FiledField;
  readonly #buckets = new Map<string, BucketEdit<Candidate>>();
  #first: Ranked;

  constructor(field: FiledField) {
    this.#field = field;
    this.#first = field.first;
  }

  drop(key: TextTest, id: number): void {
    for (const text of key.values ?? []) this.#bucket(text).drop.add(id);
  }

  add(matcher: CompiledMatcher, key: TextTest): void {
    const candidate = { matcher, rest: matcher.tests.filter((test) => test !== key) };
    for (const text of key.values ?? []) this.#bucket(text).add.push(candidate);
    if (byPrecedence(matcher, this.#first) < 0) {
      this.#first = { id: matcher.id, priority: matcher.priority };
    }
  }

  /** `first` stays where a matcher that left had moved it: a bound is all it has to be. */
  *done(): Steps<FiledField> {
    if (this.#buckets.size === 0) return this.#field;
    const byText = new MapEdit(this.#field.byText);
    for (const [text, bucket] of this.#buckets) {
      yield;
      const left = bucket.applyTo(byText.get(text) ?? []);
      if (left.length === 0) byText.delete(text);
      else byText.set(text, left);
    }
    return { ...this.#field, byText: byText.done(), first: this.#first };
  }

  #bucket(text: string): BucketEdit<Candidate> {
    const known = this.#buckets.get(text);
    if (known !== undefined) return known;
    const bucket = new BucketEdit<Candidate>(({ matcher }) => matcher);
    this.#buckets.set(text, bucket);
    return bucket;
  }
}

/** What happens to a list in order of precedence, applied in one go: a long one is copied once. */
class BucketEdit<Item> {
  readonly drop = new Set<number>();
  readonly add: Item[] = [];
  readonly #rankOf: (item: Item) => Ranked;

  constructor(rankOf: (item: Item) => Ranked) {
    this.#rankOf = rankOf;
  }

  applyTo(items: readonly Item[]): readonly Item[] {
    if (this.drop.size === 0 && this.add.length === 0) return items;
    const rankOf = this.#rankOf;
    const kept = items.filter((item) => !this.drop.has(rankOf(item).id));
    return [...kept, ...this.add].sort((a, b) => byPrecedence(rankOf(a), rankOf(b)));
  }
}
