/** API keys as the data plane looks them up: by digest. */
import type { ApiKeyConfig } from '@ai-gateway/contracts';

export interface CompiledApiKey {
  readonly id: number;
  readonly name: string;
  /** Hex HMAC-SHA-256 of the key. */
  readonly digest: string;
  /** The only namespace the key may act in; null: any. */
  readonly namespaceId: number | null;
  /** Milliseconds since 1970; Infinity: never. */
  readonly expiresAtMs: number;
}

export function compileApiKey(config: ApiKeyConfig): CompiledApiKey {
  return {
    id: config.key_id,
    name: config.key_name,
    digest: config.digest,
    namespaceId: config.namespace_id,
    expiresAtMs: config.expires_at === null ? Infinity : Date.parse(config.expires_at),
  };
}
