/** What could not be compiled of the parts that are compiled piece by piece. */
import type { Compiled } from './compile-memo.js';
import type { CompiledKind } from './config-delta.js';
import { MapEdit, type PersistentMap } from './persistent-map.js';

export interface CompileProblem {
  readonly kind: CompiledKind;
  readonly id: number;
  /** Safe to show to whoever may read the resource. */
  readonly reason: string;
}

export type ProblemMap = PersistentMap<string, CompileProblem>;

export class ProblemLedger {
  readonly #problems: MapEdit<string, CompileProblem>;

  constructor(
    readonly kind: CompiledKind,
    base: ProblemMap,
  ) {
    this.#problems = new MapEdit(base);
  }

  /** Notes how compiling ended; undefined: the resource is gone or switched off. */
  note(id: number, outcome: Compiled<unknown> | undefined): void {
    const key = `${this.kind}:${id}`;
    const known = this.#problems.get(key);
    if (outcome === undefined || outcome.ok) {
      if (known !== undefined) this.#problems.delete(key);
    } else if (known?.reason !== outcome.reason) {
      this.#problems.set(key, { kind: this.kind, id, reason: outcome.reason });
    }
  }

  done(): ProblemMap {
    return this.#problems.done();
  }
}

export function nonexistent(kind: CompiledKind, id: number): Compiled<never> {
  return { ok: false, reason: `${kind} ${id} does not exist` };
}

/** The order in which kinds are compiled. */
const ORDER: readonly string[] = [
  'policy',
  'rule',
  'namespace',
  'matcher',
  'target',
  'upstream',
  'model',
  'route',
  'api_key',
] satisfies CompiledKind[];

export const byKindAndId = (a: CompileProblem, b: CompileProblem): number =>
  ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.id - b.id;
