/** The configuration as a receiver holds it: one map per kind, keyed by the resource's id. */
import {
  CONFIG_KINDS,
  CONFIG_VALUE_SCHEMAS,
  type ConfigKind,
  type ConfigValues,
} from '@ai-gateway/contracts';
import { Map as PersistentMap } from 'immutable';

/** Persistent: a changed copy shares what did not change, and nobody sees it change. */
export type ConfigResources = {
  readonly [Kind in ConfigKind]: PersistentMap<number, ConfigValues[Kind]>;
};

/** The same, to be put together by whoever saw that every value passed the schema of its kind. */
export type ResourceMaps = Record<ConfigKind, PersistentMap<number, object>>;

/** A change that was refused; the resource keeps its last good value, or stays absent. */
export interface Nack {
  /** May be a kind this version does not know. */
  kind: string;
  id: number;
  /** Revision of the refused value. */
  revision: number;
  reason: string;
  /** When the resource was refused first, ISO 8601; the same until it is accepted or deleted. */
  since: string;
}

export const isConfigKind = (kind: string): kind is ConfigKind =>
  Object.hasOwn(CONFIG_VALUE_SCHEMAS, kind);

export const resourceKey = (kind: string, id: number) => `${kind}:${id}`;

export const NO_RESOURCES = Object.fromEntries(
  CONFIG_KINDS.map((kind) => [kind, PersistentMap()]),
) as unknown as ConfigResources;
