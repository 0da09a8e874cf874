/** The handshake of a WebSocket with a plain service; what follows it is not looked at. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { refuse, type Refusal } from '../pipeline/refusal.js';
import type { RequestContext } from '../pipeline/request-context.js';
import { UpstreamTimeoutError, failureReason, wasNeverSent } from './upstream-failure.js';

export class WebSocketUpgrade {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly ctx: RequestContext,
    private readonly firstByteMs: number,
    /** Must answer at once: the connection ends when this returns. */
    private readonly answer: (refusal: Refusal) => void,
  ) {}

  onRequest(request: ClientRequest): void {
    const onTimeout = () => request.destroy(new UpstreamTimeoutError());
    this.timer = setTimeout(onTimeout, this.firstByteMs);
    request.once('close', () => clearTimeout(this.timer));
    request.once('upgrade', this.onAnswer).once('response', this.onAnswer);
  }

  /** Before the upstream's answer the client still can be told; afterwards its connection ends. */
  readonly onError = (error: Error): void => {
    clearTimeout(this.timer);
    if (this.ctx.statusCode !== 0) {
      this.ctx.endState = 'upstream_error';
      return;
    }
    this.ctx.endState = wasNeverSent(error) ? 'never_sent' : 'sent_no_byte';
    this.answer(refuse(failureReason(error)));
  };

  private readonly onAnswer = ({ statusCode = 0 }: IncomingMessage): void => {
    clearTimeout(this.timer);
    this.ctx.statusCode = statusCode;
    this.ctx.firstByteAt = performance.now();
    this.ctx.endState = 'complete_reported';
  };
}
