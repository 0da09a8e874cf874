/** Finds a rule's limit in the running configuration and reads or adjusts its counters. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { CounterReader } from '@ai-gateway/admission';
import type { InternalCounterAdd, InternalCounters } from '@ai-gateway/contracts';
import type { CompiledLimit } from '@ai-gateway/gateway-engine';
import { AdminError, bearerOf } from '@ai-gateway/nest-runtime';
import type { RunningConfig } from '../config/running-config.js';

/** What `scopeOf` makes: `-`, an id, a digest or `none`. */
const SCOPE = /^(?:-|none|\d{1,16}|[0-9a-f]{16})$/;

/** A rule may hold in many namespaces, each of which counts for itself. */
export interface CounterQuery {
  readonly namespace: string;
  readonly ruleId: string;
  readonly scope: string;
}

interface FoundLimit {
  readonly namespaceId: number;
  readonly limit: CompiledLimit;
}

export class CounterAccess {
  constructor(
    private readonly config: RunningConfig,
    private readonly counters: CounterReader,
    private readonly serviceCredential: string | null,
  ) {}

  /** @throws AdminError UNAUTHENTICATED; without a configured credential nobody gets in */
  requireService(authorization: string | undefined): void {
    const presented = bearerOf(authorization);
    const isService =
      this.serviceCredential !== null &&
      presented !== null &&
      timingSafeEqual(digest(presented), digest(this.serviceCredential));
    if (!isService) throw new AdminError('UNAUTHENTICATED');
  }

  async read({ scope, ...rule }: CounterQuery): Promise<InternalCounters['counters']> {
    const { namespaceId, limit } = this.find(rule, scope);
    const states = await this.counters.read(namespaceId, limit, scope);
    return states.map(({ measure, spanMs, limit: cap, used, resetMs }) => ({
      measure,
      span_ms: spanMs,
      limit: cap,
      used,
      reset_ms: resetMs,
    }));
  }

  add(
    { scope, ...rule }: CounterQuery,
    { span_ms, measure, amount }: InternalCounterAdd,
  ): Promise<number> {
    const address = { ...this.find(rule, scope), scope, spanMs: span_ms, measure };
    return this.counters.add(address, amount);
  }

  private find({ namespace, ruleId }: Omit<CounterQuery, 'scope'>, scope: string): FoundLimit {
    const found = this.config.current?.namespaces.get(Number(namespace));
    const limit = found?.limits.find((candidate) => candidate.ruleId === ruleId);
    if (found === undefined || limit === undefined || !SCOPE.test(scope)) {
      throw new AdminError('NOT_FOUND');
    }
    return { namespaceId: found.id, limit };
  }
}

/** Equal lengths for a comparison in constant time. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
