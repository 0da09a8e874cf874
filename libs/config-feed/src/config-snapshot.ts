/**
 * Everything a receiver of configuration must remember across a restart: where it stands, every
 * value it received, and for refused ones the last good value that serves in their place.
 */
import type { ConfigHead } from '@ai-gateway/contracts';
import type { Nack } from './config-resources.js';

export interface SnapshotEntry {
  kind: string;
  id: number;
  /** Revision the value came with. */
  revision: number;
  /** As it was received. */
  value: unknown;
  /** Set when `value` is refused: why, since when, and what serves instead (null: nothing). */
  refused?: Pick<Nack, 'reason'> & { since: string; serving: unknown };
}

export interface ConfigSnapshot extends ConfigHead {
  entries: readonly SnapshotEntry[];
}
