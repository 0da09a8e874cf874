import type { CounterReader, CounterState } from '@ai-gateway/admission';
import type { EffectiveRule, RuleConfig, RuleType } from '@ai-gateway/contracts';
import { compileLimit, type CompiledLimit, type SpanLimit } from '@ai-gateway/gateway-engine';
import { AdminError } from '@ai-gateway/nest-runtime';
import { Inject, Injectable } from '@nestjs/common';
import { AuditTrail } from '../../platform/audit/audit-trail.js';
import { Database } from '../../platform/database/database.js';
import { namespaceIdOfCode } from '../namespaces/namespaces.read-model.js';
import { effectiveRules } from '../policies/effective-rules.read-model.js';
import { findRule } from '../rules/rules.read-model.js';
import { parseCounterKey, windowMsOf, type CounterName } from './counter-key.js';
import type { Counter } from './counters.schema.js';

export const COUNTER_READER = Symbol('CounterReader');

/** A documented name resolved: a rule, whom it counts, and which of its spans are meant. */
interface ResolvedCounter {
  namespaceId: number;
  ruleId: EffectiveRule['rule_id'];
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
    const { namespaceId, ruleId, limit, scope } = resolved;
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
      // An inherited rule has no number; the name of the counter says which it is.
      objectId: typeof ruleId === 'number' ? ruleId : null,
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
        return resolvedOf(await findRule(manager, name.ruleId), name.scope);
      case 'inherited_rule': {
        const id = await namespaceIdOfCode(manager, name.namespaceCode);
        if (id === null) return null;
        return this.first(id, ({ rule_id }) => rule_id === name.ruleId, name);
      }
      case 'rate_limit': {
        const id = await namespaceIdOfCode(manager, name.namespaceCode);
        const spanMs = windowMsOf(name.window);
        return id === null ? null : this.first(id, isOfType('request_limit'), { spanMs });
      }
      case 'token_limit':
        return this.first(name.namespaceId, isOfType('token_limit'), {
          spanMs: windowMsOf('hour'),
        });
    }
  }

  /** The one of the wanted rules that is enforced first. */
  private async first(
    namespaceId: number,
    isWanted: (rule: EffectiveRule) => boolean,
    { scope = '-', spanMs = null }: { scope?: string; spanMs?: number | null },
  ): Promise<ResolvedCounter | null> {
    const rules = await effectiveRules(this.database.manager, namespaceId);
    const rule = rules.find((candidate) => candidate.holds && isWanted(candidate));
    return resolvedOf(rule && { ...rule, namespace_id: namespaceId }, scope, spanMs);
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

const isOfType =
  (type: RuleType) =>
  ({ rule_type }: EffectiveRule): boolean =>
    rule_type === type;

type CountedRule = RuleConfig | (EffectiveRule & { namespace_id: number });

function resolvedOf(
  rule: CountedRule | null | undefined,
  scope: string,
  wantedMs: number | null = null,
): ResolvedCounter | null {
  if (!rule || rule.rule_type === 'field_check') return null;
  const { rule_id: ruleId, namespace_id: namespaceId } = rule;
  const limit = compileLimit(rule, String(ruleId));
  const spanMs = limit.spans.some((span) => span.spanMs === wantedMs) ? wantedMs : null;
  return { namespaceId, ruleId, limit, scope, spanMs };
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
    rule_id: resolved.ruleId,
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
