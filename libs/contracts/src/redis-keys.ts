/**
 * Every Redis key of the product is built here. `docs/reference/redis-keys.md` lists them, checked
 * by a test. The configuration copy keeps the documented names and times to live (seconds) as a
 * safety net; nothing depends on its presence.
 */
export const REDIS_TTL_SEC = {
  namespace: 3600,
  matchers: 3600,
  rules: 3600,
  upstream: 1800,
  locations: 1800,
  policies: 1800,
} as const;

/** The documented copy of one resource or list, for people and foreign tools. */
export const copyKeys = {
  namespace: (namespaceId: number) => `config:namespace:${namespaceId}`,
  matchers: (namespaceId: number) => `config:matchers:${namespaceId}`,
  rules: (namespaceId: number) => `config:rules:${namespaceId}`,
  upstream: (upstreamId: number) => `config:upstream:${upstreamId}`,
  policy: (policyId: number) => `config:policies:${policyId}`,
  location: (routeId: number) => `config:locations:${routeId}`,
} as const;

/** What gateways read. One hash tag, so that one script reads and writes them atomically. */
export const feedKeys = {
  /** Hash {epoch, revision, floor}: where the copy stands; deltas reach back to `floor`. */
  head: 'config:{feed}:head',
  /** Sorted set, score = revision, member = JSON of a change. */
  log: 'config:{feed}:log',
  /** Hash `<kind>:<id>` → JSON of the resource's last change. */
  resources: 'config:{feed}:resources',
  /** Hash of the same shape while a complete copy is being written; expires if the writer dies. */
  staging: (writeId: string) => `config:{feed}:staging:${writeId}`,
} as const;

/** Counters: all keys of one decision share the namespace's hash tag. */
export const counterKeys = {
  leases: (namespaceId: number, ruleId: string, scope: string) =>
    `{ns:${namespaceId}}:lease:${ruleId}:${scope}`,
  window: (namespaceId: number, ruleId: string, span: string, scope: string) =>
    `{ns:${namespaceId}}:window:${ruleId}:${span}:${scope}`,
  settled: (namespaceId: number, reservationId: string) =>
    `{ns:${namespaceId}}:settled:${reservationId}`,
  /** Written by an instance to see whether the store takes writes again. */
  probe: (instanceId: string) => `limiter:probe:${instanceId}`,
} as const;
