/**
 * One undici pool per target origin and connect timeout. Addresses are checked against the policy
 * for every connection, after DNS, so neither rebinding nor a changed record reaches a forbidden
 * address. Redirects are never followed and proxies from the environment are not used.
 */
import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP } from 'node:net';
import type { CompiledTarget } from '@ai-gateway/gateway-engine';
import type { AddressPolicy } from '@ai-gateway/node-runtime';
import { Pool, buildConnector } from 'undici';

const KEEP_ALIVE_MS = 20_000;
const MAX_RESPONSE_HEADER_BYTES = 32_768;

class AddressNotAllowedError extends Error {
  override readonly name = 'AddressNotAllowedError';
  readonly code = 'ADDRESS_NOT_ALLOWED';
}

export class TargetPools {
  private readonly pools = new Map<string, Pool>();

  constructor(private readonly policy: AddressPolicy) {}

  poolFor(target: CompiledTarget, connectMs: number): Pool {
    const key = poolKey(target.origin, connectMs);
    const known = this.pools.get(key);
    if (known !== undefined) return known;
    const pool = new Pool(target.origin, {
      connect: this.connector(connectMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      pipelining: 1,
    });
    this.pools.set(key, pool);
    return pool;
  }

  /** Closes the pools of origins that are no longer configured, once their answers have ended. */
  retain(origins: ReadonlySet<string>): void {
    for (const [key, pool] of this.pools) {
      if (origins.has(key.slice(key.indexOf(' ') + 1))) continue;
      this.pools.delete(key);
      void pool.close().catch(() => pool.destroy());
    }
  }

  async close(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.allSettled(pools.map((pool) => pool.destroy()));
  }

  /** False for a literal address the policy denies; names are checked after DNS. */
  allowsHost(hostname: string): boolean {
    const literal = hostname.replace(/^\[|\]$/g, '');
    return isIP(literal) === 0 || this.policy.checkAddress(literal).allowed;
  }

  private connector(timeout: number): buildConnector.connector {
    const connect = buildConnector({ timeout, allowH2: false, lookup: this.lookup });
    return (options, callback) => {
      if (!this.allowsHost(options.hostname)) {
        callback(new AddressNotAllowedError(), null);
        return;
      }
      connect(options, callback);
    };
  }

  /** DNS with the address policy applied; for agents that connect by themselves. */
  readonly lookup = (
    hostname: string,
    options: LookupOptions,
    callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const allowed = addresses.filter(({ address }) => this.policy.checkAddress(address).allowed);
      const [first] = allowed;
      if (first === undefined) return callback(new AddressNotAllowedError(), []);
      if (options.all === true) return callback(null, allowed);
      return callback(null, first.address, first.family);
    });
  };
}

const poolKey = (origin: string, connectMs: number): string => `${connectMs} ${origin}`;
