/** The configuration as a receiver holds it: one map per kind, keyed by the resource's id. */
import {
  CONFIG_KINDS,
  CONFIG_VALUE_SCHEMAS,
  type ConfigKind,
  type ConfigValues,
} from '@ai-gateway/contracts';

export type ConfigResources = {
  readonly [Kind in ConfigKind]: ReadonlyMap<number, ConfigValues[Kind]>;
};

/** A change that was refused; the resource keeps its last good value, or stays absent. */
export interface Nack {
  /** May be a kind this version does not know. */
  kind: string;
  id: number;
  /** Revision of the refused value. */
  revision: number;
  reason: string;
}

export const isConfigKind = (kind: string): kind is ConfigKind =>
  Object.hasOwn(CONFIG_VALUE_SCHEMAS, kind);

export const resourceKey = (kind: string, id: number) => `${kind}:${id}`;

/** A private, writable copy to build the next configuration in. */
export class ResourceDraft {
  private readonly maps: Record<ConfigKind, Map<number, unknown>>;

  /** @param base what to start from; null starts empty */
  constructor(base: ConfigResources | null) {
    const entries = CONFIG_KINDS.map((kind) => [kind, new Map<number, unknown>(base?.[kind])]);
    this.maps = Object.fromEntries(entries) as Record<ConfigKind, Map<number, unknown>>;
  }

  /** `value` must have passed the schema of its kind; undefined removes the resource. */
  put(kind: ConfigKind, id: number, value: unknown): void {
    if (value === undefined) this.maps[kind].delete(id);
    else this.maps[kind].set(id, value);
  }

  get size(): number {
    return CONFIG_KINDS.reduce((sum, kind) => sum + this.maps[kind].size, 0);
  }

  /** Only values that passed their schema were put, so the maps have the types they claim. */
  get resources(): ConfigResources {
    return this.maps as ConfigResources;
  }
}
