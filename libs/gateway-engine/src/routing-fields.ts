/**
 * The fields of a request that decide something, so that the pipeline can refuse a request which
 * carries one of them twice: gateway and upstream might read different ones. What the LLM surfaces
 * read by themselves (`model`, `stream`, `max_tokens` …) is the pipeline's to add. Counted by use,
 * so that a change costs its own fields; a set is made anew only when a field comes or goes.
 */
import type { CompiledMatcher } from './matcher.compiler.js';
import type { CompiledNamespace } from './namespace.compiler.js';
import { MapEdit, emptyMap, type PersistentMap } from './persistent-map.js';
import type { ConditionPlace } from './text-test.js';

export interface RoutingFields {
  /** Lower case. */
  readonly headers: ReadonlySet<string>;
  /** Dotted paths as configured. */
  readonly bodyPaths: ReadonlySet<string>;
  /** First steps of the body paths. */
  readonly bodyRoots: ReadonlySet<string>;
  readonly queries: ReadonlySet<string>;
}

type FieldCounts = PersistentMap<string, number>;

export interface FieldUse {
  readonly header: FieldCounts;
  readonly body: FieldCounts;
  readonly query: FieldCounts;
  readonly fields: RoutingFields;
}

interface Field {
  readonly place: ConditionPlace;
  readonly field: string;
}

export const NO_FIELDS: FieldUse = {
  header: emptyMap(),
  body: emptyMap(),
  query: emptyMap(),
  fields: { headers: new Set(), bodyPaths: new Set(), bodyRoots: new Set(), queries: new Set() },
};

export class FieldUseEdit {
  readonly #base: FieldUse;
  readonly #counts: Readonly<Record<'header' | 'body' | 'query', MapEdit<string, number>>>;
  /** Places where a field came or went. */
  readonly #dirty = new Set<ConditionPlace>();

  constructor(base: FieldUse) {
    this.#base = base;
    this.#counts = {
      header: new MapEdit(base.header),
      body: new MapEdit(base.body),
      query: new MapEdit(base.query),
    };
  }

  /** @param by 1 for what is used now, -1 for what is used no more */
  count(fields: Iterable<Field>, by: 1 | -1): void {
    for (const { place, field } of fields) {
      if (place === 'path' || place === 'method') continue;
      const counts = this.#counts[place];
      const before = counts.get(field) ?? 0;
      if (before + by === 0) counts.delete(field);
      else counts.set(field, before + by);
      if (before === 0 || before + by === 0) this.#dirty.add(place);
    }
  }

  done(): FieldUse {
    const header = this.#counts.header.done();
    const body = this.#counts.body.done();
    const query = this.#counts.query.done();
    const { fields } = this.#base;
    const isSame = this.#dirty.size === 0;
    return { header, body, query, fields: isSame ? fields : this.#fields(header, body, query) };
  }

  #fields(header: FieldCounts, body: FieldCounts, query: FieldCounts): RoutingFields {
    const old = this.#base.fields;
    const isBodySame = !this.#dirty.has('body') || hasSameKeys(this.#base.body, body);
    const bodyPaths = isBodySame ? old.bodyPaths : new Set(body.keys());
    return {
      headers: this.#dirty.has('header') ? new Set(header.keys()) : old.headers,
      bodyPaths,
      bodyRoots: isBodySame ? old.bodyRoots : rootsOf(bodyPaths),
      queries: this.#dirty.has('query') ? new Set(query.keys()) : old.queries,
    };
  }
}

const hasSameKeys = (a: FieldCounts, b: FieldCounts): boolean =>
  a.size === b.size && a.keySeq().every((key) => b.has(key));

const rootsOf = (paths: ReadonlySet<string>): Set<string> =>
  new Set(Array.from(paths, (path) => path.split('.', 1)[0] ?? path));

export const fieldsOfMatcher = ({ tests }: CompiledMatcher): Iterable<Field> => tests;

export const fieldsOfNamespace = (namespace: CompiledNamespace): Iterable<Field> => [
  ...namespace.fieldChecks,
  ...namespace.shadowFieldChecks,
];
