/**
 * The requests in progress. An array with a slot per request, not a Set: V8 keeps a Set's outgrown
 * tables chained to their successors, and once one is in the old generation, every request that
 * stood in a later one is promoted with it. That doubled the collector's work per request.
 */
import type { RequestContext } from '../pipeline/request-context.js';

export class OpenRequests {
  private readonly list: RequestContext[] = [];

  get size(): number {
    return this.list.length;
  }

  add(ctx: RequestContext): void {
    ctx.slot = this.list.length;
    this.list.push(ctx);
  }

  remove(ctx: RequestContext): void {
    const last = this.list.pop();
    if (last === undefined || last === ctx) return;
    this.list[ctx.slot] = last;
    last.slot = ctx.slot;
  }

  /** A copy, because whoever is told may leave at once. */
  all(): readonly RequestContext[] {
    return [...this.list];
  }
}
