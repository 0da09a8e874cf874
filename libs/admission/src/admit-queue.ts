/**
 * Collects the decisions of one turn of the event loop and sends them as one script call per
 * namespace: what a call costs on both sides is shared by the requests that arrived together. It is
 * sent once the turn's input is read (`setImmediate`), so a lone request hardly waits. Rejected:
 * `nextTick` and microtasks, which run between two sockets' input and so collect nothing; a timer,
 * which makes a lone request wait.
 */
import { AdmitCall, MAX_DECISIONS_PER_CALL, type WaitingAdmit } from './admit-call.js';
import type { CounterPlanner } from './counter-plan.js';
import type { FlatAnswer } from './decision.js';
import { RedisScript, type RedisClient } from './redis-script.js';

export interface AdmitQueueOptions {
  readonly redis: RedisClient;
  readonly planner: CounterPlanner;
  readonly leaseMs: number;
  /** An answer arrived: one decision's flat answer per waiting request, in order. */
  readonly onAnswer: (call: AdmitCall, answer: FlatAnswer) => void;
}

export class AdmitQueue {
  private readonly calls = new Map<number, AdmitCall>();
  private readonly script = new RedisScript('admit.lua');
  private readonly leaseArg: string;
  private isScheduled = false;

  constructor(private readonly options: AdmitQueueOptions) {
    this.leaseArg = String(options.leaseMs);
  }

  add(admit: WaitingAdmit): void {
    const { namespaceId } = admit.request;
    const open = this.calls.get(namespaceId);
    if (open?.add(admit)) {
      if (open.size < MAX_DECISIONS_PER_CALL) return;
      this.calls.delete(namespaceId);
      void this.send(open);
      return;
    }
    if (open !== undefined) void this.send(open);
    this.calls.set(namespaceId, this.callOf(admit));
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(this.flush);
  }

  private readonly flush = (): void => {
    this.isScheduled = false;
    for (const call of this.calls.values()) void this.send(call);
    this.calls.clear();
  };

  private callOf(admit: WaitingAdmit): AdmitCall {
    const call = new AdmitCall(this.options.planner);
    call.add(admit);
    return call;
  }

  private async send(call: AdmitCall): Promise<void> {
    const { redis, onAnswer } = this.options;
    try {
      const command = call.command(this.leaseArg);
      onAnswer(call, (await this.script.run(redis, call.keys.length, command)) as number[]);
    } catch (error) {
      // One request's broken key must not fail the others. The script reads before it charges, so
      // nothing was charged by a call the server refused.
      const isRefused = error instanceof Error && error.name === 'ReplyError';
      if (isRefused && call.size > 1) {
        for (const admit of call.waiting()) void this.send(this.callOf(admit));
        return;
      }
      for (const { reject } of call.waiting()) reject(error);
    }
  }
}
