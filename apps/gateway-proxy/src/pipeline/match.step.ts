/**
 * Step 3: whose request this is and where it goes: namespace by matcher, route by path, model.
 * What the head alone decides is decided before the body is read.
 */
import { findModel, matchNamespace, type CompiledNamespace } from '@ai-gateway/gateway-engine';
import { refuse, type Refusal } from './refusal.js';
import type { RequestContext } from './request-context.js';
import type { RunningTable } from './running-table.js';

/** Refuses by the head alone what no body could save. */
export function matchHead(ctx: RequestContext): Refusal | null {
  if (ctx.path === '') return refuse('invalid_path');
  return refuseRepeatedRoutingHeader(ctx) ?? refuseUnknownPath(ctx);
}

function refuseUnknownPath({ route, surface, method }: RequestContext): Refusal | null {
  if (route?.kind === 'found' || surface?.method === method) return null;
  const isKnown = surface !== null || route?.kind === 'method_not_allowed';
  return refuse(isKnown ? 'method_not_allowed' : 'route_not_found');
}

export function match(ctx: RequestContext): Refusal | null {
  return matchTenant(ctx) ?? (ctx.route?.kind === 'found' ? matchRoute(ctx) : matchModel(ctx));
}

/** Node joins repeated headers, and a joined value would slip past an equality matcher. */
function refuseRepeatedRoutingHeader(ctx: RequestContext): Refusal | null {
  const { headers: routing } = ctx.table.routingFields;
  if (routing.size === 0) return null;
  const { rawHeaders } = ctx.req;
  let seen: string[] | null = null;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    if (!routing.has(name)) continue;
    if (seen?.includes(name)) return refuse('ambiguous_routing_header', { param: name });
    (seen ??= []).push(name);
  }
  return null;
}

function matchTenant(ctx: RequestContext): Refusal | null {
  const namespace = namespaceOf(ctx, ctx.table);
  if (namespace === 'unavailable') return refuse('namespace_unavailable', { retryAfterMs: 1000 });
  if (namespace === null) return refuse('no_namespace');
  const boundTo = ctx.principal?.namespaceId ?? null;
  if (boundTo !== null && boundTo !== namespace.id) return refuse('namespace_forbidden');
  ctx.namespace = namespace;
  return null;
}

/** A matcher decides; without one the key's own namespace, then the default namespace. */
function namespaceOf(
  ctx: RequestContext,
  table: RunningTable,
): CompiledNamespace | 'unavailable' | null {
  const matched = matchNamespace(table, ctx);
  const boundTo = ctx.principal?.namespaceId ?? null;
  if (matched !== null && matched.matcherId !== null) return matched.namespace ?? 'unavailable';
  if (boundTo !== null) return table.namespaces.get(boundTo) ?? null;
  return matched?.namespace ?? null;
}

function matchRoute(ctx: RequestContext): Refusal | null {
  if (ctx.route?.kind !== 'found') return null;
  const { route } = ctx.route;
  ctx.destination = {
    upstream: route.upstream,
    model: ctx.llm === null ? null : findModel(ctx.table, ctx.llm.model),
    routeId: route.id,
    label: route.name,
    path: withQuery(route.targetPath(ctx.path), ctx.rawQuery),
    timeouts: route.timeouts,
    limit: route.limit,
  };
  return null;
}

function matchModel(ctx: RequestContext): Refusal | null {
  const { surface, llm } = ctx;
  if (surface === null || llm === null) return null;
  const model = findModel(ctx.table, llm.model);
  if (model === null) return refuse('model_not_found', { param: 'model' });
  const { upstream } = model;
  if (upstream.protocol !== surface.protocol) {
    return refuse('model_not_found', {
      param: 'model',
      message: 'The model is not available on this surface.',
    });
  }
  ctx.destination = {
    upstream,
    model,
    routeId: null,
    label: surface.name,
    path: withQuery(surface.upstreamPath, ctx.rawQuery),
    timeouts: upstream.timeouts,
    limit: null,
  };
  return null;
}

const withQuery = (path: string, query: string): string =>
  query === '' ? path : `${path}?${query}`;
