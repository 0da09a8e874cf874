/**
 * Where a gateway reads configuration from. A wake-up only says "look now"; the content is always
 * read by revision, so lost, repeated, reordered or forged messages do no harm.
 */
import type { ConfigFeed, ConfigHead } from '@ai-gateway/contracts';

export interface ConfigSource {
  readonly name: string;
  /** Rejects when the source cannot be reached within its timeout. */
  head(signal: AbortSignal): Promise<ConfigHead>;
  /**
   * Everything after `since`; the full configuration when `since` is null, of another epoch, ahead
   * of the source, or older than the source's log reaches.
   */
  changesSince(since: ConfigHead | null, signal: AbortSignal): Promise<ConfigFeed>;
  /** Everything as it was at `revision`; null when the source does not keep it that long. */
  contentAt?(revision: number, signal: AbortSignal): Promise<ConfigFeed | null>;
  /** Calls `onWake` on every hint until closed. Reconnects by itself. */
  subscribe(onWake: () => void): void;
  close(): Promise<void>;
}
