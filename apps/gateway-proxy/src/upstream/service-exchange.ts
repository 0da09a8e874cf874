/** One request to a plain service: its timeouts, its answer through the relay, its client's leaving. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { CompiledTimeouts } from '@ai-gateway/gateway-engine';
import type { RequestContext } from '../pipeline/request-context.js';
import { refuse } from '../pipeline/refusal.js';
import type { ResponseRelay } from '../pipeline/relay.step.js';
import type { ExchangeResult } from './forwarder.port.js';
import { UpstreamTimeoutError, failureReason, wasNeverSent } from './upstream-failure.js';

/** A client that reads nothing for this long is given up. */
const WRITE_IDLE_MS = 60_000;

export class ServiceExchange {
  readonly done: Promise<ExchangeResult>;
  private resolve!: (result: ExchangeResult) => void;
  private answer: IncomingMessage | null = null;
  /** Waits for the first byte, then for the next one; while paused, for the client. */
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ctx: RequestContext,
    private readonly relay: ResponseRelay,
    private readonly timeouts: CompiledTimeouts,
  ) {
    this.done = new Promise((resolve) => (this.resolve = resolve));
    ctx.res.on('close', this.onClientClose).on('drain', this.onDrain);
  }

  onRequest(request: ClientRequest, socket: Socket): void {
    const awaitAnswer = (): void => {
      const onTimeout = () => request.destroy(new UpstreamTimeoutError());
      this.timer = setTimeout(onTimeout, this.timeouts.firstByteMs);
    };
    if (socket.connecting) socket.once('connect', awaitAnswer);
    else awaitAnswer();
  }

  onAnswer(answer: IncomingMessage): void {
    const refusal = this.relay.start(answer.statusCode ?? 0, answer.headers);
    if (refusal !== null) {
      answer.destroy();
      return this.finish({ endState: 'upstream_error', refusal });
    }
    this.answer = answer;
    this.awaitData();
    answer
      .on('data', this.onData)
      .on('error', this.onError)
      .on('end', () => {
        this.relay.end(answer.headers);
        this.finish({ endState: 'complete_reported', refusal: null });
      });
  }

  readonly onError = (error: Error): void => {
    const refusal = refuse(failureReason(error));
    if (this.answer !== null) return this.finish({ endState: 'upstream_error', refusal });
    this.finish({ endState: wasNeverSent(error) ? 'never_sent' : 'sent_no_byte', refusal });
  };

  private readonly onData = (chunk: Buffer): void => {
    if (this.relay.data(chunk)) {
      this.timer?.refresh();
      return;
    }
    this.answer?.pause();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ctx.res.destroy(), WRITE_IDLE_MS);
  };

  private readonly onDrain = (): void => {
    if (this.answer?.isPaused() !== true) return;
    this.awaitData();
    this.answer.resume();
  };

  private awaitData(): void {
    clearTimeout(this.timer);
    const onTimeout = () => this.answer?.destroy(new UpstreamTimeoutError());
    this.timer = setTimeout(onTimeout, this.timeouts.idleMs);
  }

  private readonly onClientClose = (): void => {
    if (this.ctx.res.writableFinished) return;
    this.ctx.clientGone = true;
    this.finish({ endState: 'client_gone', refusal: null });
  };

  private finish(result: ExchangeResult): void {
    clearTimeout(this.timer);
    this.ctx.res.off('close', this.onClientClose).off('drain', this.onDrain);
    this.resolve(result);
  }
}
