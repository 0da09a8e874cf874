/**
 * Step 7: to the upstream. A target that cannot be connected to has received nothing, so the next
 * one is tried; anything sent is never sent twice.
 */
import { chooseTarget, type CompiledTarget } from '@ai-gateway/gateway-engine';
import { answerRefusal } from './error-answer.js';
import type { Gateway } from './gateway.js';
import type { ExchangeResult, Upgrade } from '../upstream/forwarder.port.js';
import { refuse, type Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';
import { gatewayHeaders } from './response-headers.js';

const MAX_ATTEMPTS = 3;

export async function forward(ctx: RequestContext, gateway: Gateway): Promise<Refusal | null> {
  if (ctx.destination === null) return answerModels(ctx, gateway);
  const { upstream } = ctx.destination;
  let tried: Set<number> | null = null;
  let refusal: Refusal | null = null;
  ctx.forwardedAt = performance.now();
  while (ctx.target !== null) {
    if (ctx.res.destroyed) return leaveGone(ctx);
    const { target } = ctx;
    const result = await exchangeWith(target, ctx, gateway);
    ctx.endState = result.endState;
    ({ refusal } = result);
    if (result.endState !== 'never_sent' || ctx.clientGone) break;
    gateway.recorder.targetUnreachable(ctx);
    tried = (tried ?? new Set()).add(target.id);
    if (tried.size >= MAX_ATTEMPTS) break;
    const next = chooseTarget(upstream, gateway.balancer, Math.random, tried);
    if (next === null) break;
    ctx.target = next;
  }
  return refusal;
}

async function exchangeWith(
  target: CompiledTarget,
  ctx: RequestContext,
  { balancer, forwarder }: Gateway,
): Promise<ExchangeResult> {
  balancer.started(target.id);
  try {
    return await forwarder.exchange(ctx, target);
  } finally {
    balancer.ended(target.id);
  }
}

/** The client left before anything was sent: nobody would read the answer. */
function leaveGone(ctx: RequestContext): null {
  ctx.clientGone = true;
  ctx.endState = 'client_gone';
  return null;
}

/** Only plain services take upgrades. A refused connection is not tried elsewhere. */
export async function forwardUpgrade(
  ctx: RequestContext,
  gateway: Gateway,
  upgrade: Upgrade,
): Promise<Refusal | null> {
  const { destination, target } = ctx;
  if (target === null || destination?.upstream.protocol !== 'http') {
    return refuse('upgrade_required');
  }
  if (ctx.res.destroyed) return leaveGone(ctx);
  ctx.forwardedAt = performance.now();
  gateway.balancer.started(target.id);
  try {
    await gateway.upgradeForwarder.upgrade(ctx, target, upgrade, (refusal) =>
      answerRefusal(ctx, gateway, refusal),
    );
  } finally {
    gateway.balancer.ended(target.id);
  }
  return null;
}

/** `GET /v1/models`: the names of the running configuration. */
function answerModels(ctx: RequestContext, gateway: Gateway): null {
  const body = ctx.table.modelsBody;
  ctx.statusCode = 200;
  ctx.endState = 'complete_reported';
  ctx.res.writeHead(200, [
    ...gatewayHeaders(ctx, gateway),
    'content-type',
    'application/json',
    'content-length',
    String(body.length),
  ]);
  ctx.res.end(body);
  return null;
}
