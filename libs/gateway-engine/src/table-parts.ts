/** What a table was put together from, for the next one to share. */
import { NO_API_KEYS, type ApiKeyPart } from './api-key.part.js';
import { NO_RESOURCES, type ConfigResources } from './config-delta.js';
import { NO_MATCHERS, type MatcherPart } from './matcher.part.js';
import { NO_NAMESPACES, type NamespacePart } from './namespace.part.js';
import type { CompileProblem } from './problem-ledger.js';
import { NO_FIELDS, type FieldUse } from './routing-fields.js';
import { NO_TRAFFIC, type TrafficPart } from './traffic.part.js';

export interface TableParts {
  readonly resources: ConfigResources;
  readonly namespaces: NamespacePart;
  readonly matchers: MatcherPart;
  readonly apiKeys: ApiKeyPart;
  readonly fieldUse: FieldUse;
  readonly traffic: TrafficPart;
  readonly problems: readonly CompileProblem[];
}

export const NO_PARTS: TableParts = {
  resources: NO_RESOURCES,
  namespaces: NO_NAMESPACES,
  matchers: NO_MATCHERS,
  apiKeys: NO_API_KEYS,
  fieldUse: NO_FIELDS,
  traffic: NO_TRAFFIC,
  problems: [],
};
