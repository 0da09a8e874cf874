/** Step 4: what the namespace's field checks say of the request. */
import { evaluateFieldChecks, shadowFieldCheckFailures } from '@ai-gateway/gateway-engine';
import type { Gateway } from './gateway.js';
import { refuse, type Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';

export function check(ctx: RequestContext, gateway: Gateway): Refusal | null {
  const { namespace } = ctx;
  if (namespace === null) return null;
  const model = ctx.destination?.model?.name ?? ctx.llm?.model ?? null;
  for (const failure of shadowFieldCheckFailures(namespace, ctx, model)) {
    gateway.recorder.shadowRefusal(namespace.code, 'field_check', failure.ruleName);
  }
  const failure = evaluateFieldChecks(namespace, ctx, model);
  if (failure === null) return null;
  const reason = failure.statusCode === 400 ? 'field_check_invalid' : 'field_check_failed';
  return refuse(reason, {
    message: failure.message,
    param: failure.fieldPath,
    rule: { id: failure.ruleId, name: failure.ruleName, type: 'field_check' },
  });
}
