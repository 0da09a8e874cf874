/** One walk over the configuration: what could be compiled, and what could not and why. */
import type { ConfigKind, ConfigValues } from '@ai-gateway/contracts';
import type { Compiled } from './compile-memo.js';
import type { CompileProblem } from './runtime-table.js';

/** Every live resource by kind and id, validated. */
export type ConfigResources = {
  readonly [Kind in ConfigKind]: ReadonlyMap<number, ConfigValues[Kind]>;
};

export class CompilePass {
  readonly problems: CompileProblem[] = [];
  readonly #resources: ConfigResources;

  constructor(resources: ConfigResources) {
    this.#resources = resources;
  }

  /** Compiles all resources of a kind that `isWanted`, in order of id. */
  collect<Kind extends ConfigKind, Result>(
    kind: Kind,
    compile: (config: ConfigValues[Kind]) => Compiled<Result>,
    isWanted: (config: ConfigValues[Kind]) => boolean = isEnabled,
  ): Map<number, Result> {
    const results = new Map<number, Result>();
    const resources: ReadonlyMap<number, ConfigValues[Kind]> = this.#resources[kind];
    for (const [id, config] of [...resources].sort(([a], [b]) => a - b)) {
      if (!isWanted(config)) continue;
      const compiled = compile(config);
      if (compiled.ok) results.set(id, compiled.value);
      else this.problems.push({ kind, id, reason: compiled.reason });
    }
    return results;
  }

  /** Null when the resource exists, enabled or not. */
  missing(kind: ConfigKind, id: number): Compiled<never> | null {
    return this.#resources[kind].has(id) ? null : nonexistent(kind, id);
  }
}

export function nonexistent(kind: ConfigKind, id: number): Compiled<never> {
  return { ok: false, reason: `${kind} ${id} does not exist` };
}

/** What has no status cannot be switched off. */
const isEnabled = (config: object): boolean => !('status' in config) || config.status === 1;
