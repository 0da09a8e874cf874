/** Step 6: which target of the upstream takes the request. */
import { chooseTarget } from '@ai-gateway/gateway-engine';
import type { Gateway } from './gateway.js';
import { refuse, type Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';

export function choose(ctx: RequestContext, gateway: Gateway): Refusal | null {
  if (ctx.destination === null) return null;
  ctx.target = chooseTarget(ctx.destination.upstream, gateway.balancer, Math.random);
  return ctx.target === null ? refuse('no_healthy_upstream', { retryAfterMs: 1000 }) : null;
}
