/** Heartbeats for tests. */
import type { Heartbeat } from '@ai-gateway/contracts';

export const heartbeatOf = (
  instance_id: string,
  overrides: Partial<Heartbeat> = {},
): Heartbeat => ({
  instance_id,
  process_id: `process-of-${instance_id.replaceAll(/[^a-z0-9]/gi, '-')}`,
  groups: [`instance:${instance_id}`],
  version: '0.1.0',
  address: 'http://127.0.0.1:8081',
  management_address: 'http://127.0.0.1:9081',
  started_at: '2026-11-21T05:00:00.000Z',
  state: 'live',
  epoch: 'epoch-of-test',
  revision: 7,
  digest: null,
  config_source: 'redis',
  last_contact_ms_ago: 12,
  pinned_revision: null,
  nacks: [],
  nack_count: 0,
  load: {
    inflight: 1,
    open_streams: 0,
    requests_per_second: 2.5,
    cpu_ratio: 0.1,
    rss_bytes: 100_000_000,
    event_loop_delay_p99_ms: 11.2,
  },
  limits_mode: 'shared',
  ...overrides,
});
