/**
 * A client request's way through the gateway, top to bottom. Each step is a plain function over
 * one context that answers null (go on) or a refusal; nothing else ends a request early.
 */
import { admit } from './admit.step.js';
import { check } from './check.step.js';
import { choose } from './choose.step.js';
import { answerRefusal } from './error-answer.js';
import type { Upgrade } from '../upstream/forwarder.port.js';
import { forward, forwardUpgrade } from './forward.step.js';
import type { Gateway } from './gateway.js';
import { identify } from './identify.step.js';
import { match, matchHead } from './match.step.js';
import { readRequest } from './read.step.js';
import { refuse, type Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';
import { settle } from './settle.step.js';

export async function handleRequest(ctx: RequestContext, gateway: Gateway): Promise<void> {
  try {
    const refusal = (await prepare(ctx, gateway)) ?? (await forward(ctx, gateway));
    if (refusal !== null) answerRefusal(ctx, gateway, refusal);
  } catch (err) {
    gateway.logger.error({ err, request_id: ctx.requestId }, 'request failed inside the gateway');
    answerRefusal(ctx, gateway, refuse('internal_error'));
  }
  await settle(ctx, gateway);
}

/** A WebSocket takes the same way; its lease ends with the connection. */
export async function handleUpgrade(
  ctx: RequestContext,
  gateway: Gateway,
  upgrade: Upgrade,
): Promise<void> {
  try {
    const refusal = (await prepare(ctx, gateway)) ?? (await forwardUpgrade(ctx, gateway, upgrade));
    if (refusal !== null) answerRefusal(ctx, gateway, refusal);
  } catch (err) {
    gateway.logger.error({ err, request_id: ctx.requestId }, 'upgrade failed inside the gateway');
    answerRefusal(ctx, gateway, refuse('internal_error'));
  }
  await settle(ctx, gateway);
}

/** Everything that happens before an upstream hears of the request. */
async function prepare(ctx: RequestContext, gateway: Gateway): Promise<Refusal | null> {
  return (
    identify(ctx, gateway) ??
    matchHead(ctx) ??
    (await readRequest(ctx, gateway)) ??
    match(ctx) ??
    check(ctx, gateway) ??
    (await admit(ctx, gateway)) ??
    choose(ctx, gateway)
  );
}
