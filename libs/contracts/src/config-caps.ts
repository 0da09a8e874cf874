/**
 * How much configuration there may be. Held at every write, and again by every gateway when it
 * loads, so that a database filled past the API cannot take the data plane down.
 */
import type { ConfigKind } from './config-feed.schema.js';

export const MAX_RESOURCES: Readonly<Record<ConfigKind, number>> = {
  namespace: 20_000,
  matcher: 50_000,
  rule: 80_000,
  upstream: 2_000,
  target: 10_000,
  model: 5_000,
  route: 10_000,
  api_key: 100_000,
  policy: 2_000,
  settings: 2_000,
  held_value: 5_000,
  token_rule: 1_000,
};

/** One resource as JSON in UTF-8. */
export const MAX_VALUE_BYTES = 64 * 1024;
