/** How a request, or a WebSocket, reaches a target. */
import type { Socket } from 'node:net';
import type { EndState } from '@ai-gateway/contracts';
import type { CompiledTarget } from '@ai-gateway/gateway-engine';
import type { Refusal } from '../pipeline/refusal.js';
import type { RequestContext } from '../pipeline/request-context.js';

export interface ExchangeResult {
  readonly endState: EndState;
  /** What the client must still be told; null when the answer was relayed. */
  readonly refusal: Refusal | null;
}

export interface Forwarder {
  /** Resolves when the answer has been relayed to its last byte or has failed; never rejects. */
  exchange(ctx: RequestContext, target: CompiledTarget): Promise<ExchangeResult>;
  close(): Promise<void>;
}

export interface UpgradeForwarder {
  /**
   * Hands a WebSocket over; resolves when its connection has closed. What the client must be told
   * instead goes to `answer` while the connection still can take it.
   */
  upgrade(
    ctx: RequestContext,
    target: CompiledTarget,
    upgrade: Upgrade,
    answer: (refusal: Refusal) => void,
  ): Promise<void>;
  close(): Promise<void>;
}

/** An upgrade request's connection and the bytes that came behind its head. */
export interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
}
