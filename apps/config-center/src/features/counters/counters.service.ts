import type { CounterReader, CounterState } from '@ai-gateway/admission';
import type { RuleConfig, RuleType } from '@ai-gateway/contracts';
import { compileLimit, type CompiledLimit, type SpanLimit } from '@ai-gateway/gateway-engine';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail } from '../../platform/audit/audit-trail.js';
import { Database } from '../../platform/database/database.js';
import { namespaceIdOfCode } from '../namespaces/namespaces.read-model.js';
import { findRule, rulesOfNamespace } from '../rules/rules.read-model.js';
import { parseCounterKey, windowMsOf, type CounterName } from './counter-key.js';
import type { Counter } from './counters.schema.js';

export const COUNTER_READER = Symbol('CounterReader');

/** A documented name resolved: a rule, whom it counts, and which of its spans are meant. */
interface ResolvedCounter {
  namespaceId: number;
  limit: CompiledLimit;
  scope: string;
  /** Null: all. */
  spanMs: number | null;
}

@Injectable()
export class CountersService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditTrail,
    @Inject(COUNTER_READER) private readonly counters: CounterReader,
  ) {}

  async read(key: string): Promise<Counter> {
    const resolved = await this.resolve(key);
    const { namespaceId, limit, scope } = resolved;
    const states = await this.ask(() => this.counters.read(namespaceId, limit, scope));
    return counterOf(key, resolved, states);
  }

  async increment(key: string, amount: number): Promise<Counter> {
    const resolved = await this.resolve(key);
    const { namespaceId, limit, scope } = resolved;
    const spans = limit.spans.filter((span) => isMeant(resolved, span));
    if (spans.length === 0) {
      throw new AdminError('UNPROCESSABLE', {
        details: [{ path: 'counter_key', message: 'connections are not counted up by hand' }],
      });
    }
    for (const { spanMs, measure } of spans) {
      const address = { namespaceId, limit, scope, spanMs, measure };
      await this.ask(() => this.counters.add(address, amount));
    }
    await this.audit.record({
      action: 'increment',
      objectType: 'counter',
      objectId: Number(limit.ruleId),
      after: { counter_key: key, scope, amount },
    });
    return this.read(key);
  }

  private async resolve(key: string): Promise<ResolvedCounter> {
    const name = parseCounterKey(key);
    const resolved = name === null ? null : await this.find(name);
    if (resolved === null) throw new AdminError('NOT_FOUND');
    return resolved;
  }

  private async find(name: CounterName): Promise<ResolvedCounter | null> {
    const { manager } = this.database;
    switch (name.family) {
      case 'rule':
        return resolvedOf(await findRule(manager, name.ruleId), name.scope, null);
      case 'rate_limit': {
        const id = await namespaceIdOfCode(manager, name.namespaceCode);
        return id === null ? null : this.first(id, 'request_limit', windowMsOf(name.window));
      }
      case 'token_limit':
        return this.first(name.namespaceId, 'token_limit', windowMsOf('hour'));
    }
  }

  /** The rule of this type that is enforced first. */
  private async first(
    namespaceId: number,
    type: RuleType,
    spanMs: number | null,
  ): Promise<ResolvedCounter | null> {
    const rules = await rulesOfNamespace(this.database.manager, namespaceId);
    return resolvedOf(rules.find(({ rule_type }) => rule_type === type) ?? null, '-', spanMs);
  }

  private async ask<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (cause) {
      if (cause instanceof AdminError) throw cause;
      throw new AdminError('STORE_UNAVAILABLE', { cause });
    }
  }
}

function resolvedOf(
  rule: RuleConfig | null,
  scope: string,
  wantedMs: number | null,
): ResolvedCounter | null {
  if (rule === null || rule.rule_type === 'field_check') return null;
  const limit = compileLimit(rule);
  const spanMs = limit.spans.some((span) => span.spanMs === wantedMs) ? wantedMs : null;
  return { namespaceId: rule.namespace_id, limit, scope, spanMs };
}

const isMeant = ({ spanMs }: ResolvedCounter, span: Pick<SpanLimit, 'spanMs'>): boolean =>
  spanMs === null || span.spanMs === spanMs;

function counterOf(
  key: string,
  resolved: ResolvedCounter,
  states: readonly CounterState[],
): Counter {
  const windows = states.filter((state) => isMeant(resolved, state)).map(windowOf);
  return {
    counter_key: key,
    rule_id: Number(resolved.limit.ruleId),
    namespace_id: resolved.namespaceId,
    scope: resolved.scope,
    counter_value: windows[0]?.used ?? 0,
    windows,
  };
}

const windowOf = ({ measure, spanMs, limit, used, resetMs }: CounterState) => ({
  measure,
  window_seconds: spanMs / 1000,
  limit,
  used,
  remaining: Math.max(0, limit - used),
  reset_seconds: Math.ceil(resetMs / 1000),
});
