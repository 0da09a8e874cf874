/** The shared counters as the control plane sees them: reads by the decision's own script. */
import type { CompiledLimit } from '@ai-gateway/gateway-engine';
import type { CounterReader, CounterState, SpanAddress } from './admission.port.js';
import { counterKey, CounterPlanner } from './counter-plan.js';
import { counterState, spanOf } from './counter-state.js';
import { RedisScript, type RedisClient, type ScriptArgument } from './redis-script.js';

export interface RedisCounterReaderOptions {
  readonly redis: RedisClient;
  /** The same as the gateways'. */
  readonly keyPrefix?: string;
}

/** Nobody holds it: reading takes no lease. */
const NO_RESERVATION = '';
const NO_LEASE_MS = 0;

class RedisCounterReader implements CounterReader {
  private readonly planner: CounterPlanner;
  private readonly readScript = new RedisScript('admit.lua');
  private readonly adjustScript = new RedisScript('adjust.lua');

  constructor(private readonly options: RedisCounterReaderOptions) {
    this.planner = new CounterPlanner(options.keyPrefix ?? '');
  }

  async read(namespaceId: number, limit: CompiledLimit, scope: string): Promise<CounterState[]> {
    const plans = this.planner.of(limit, namespaceId);
    if (plans.length === 0) return [];
    const command: ScriptArgument[] = plans.map((plan) => counterKey(plan, scope));
    command.push(NO_LEASE_MS, ...plans.map(({ shape }) => shape));
    command.push(NO_RESERVATION, plans.map((_, i) => `${i + 1} 0`).join(' '));
    const answer = (await this.readScript.run(
      this.options.redis,
      plans.length,
      command,
    )) as number[];
    return plans.map((plan, i) => counterState(plan, answer[i * 2 + 2] ?? 0, answer[1] ?? 0));
  }

  async add(address: SpanAddress, amount: number): Promise<number> {
    const plan = spanOf(this.planner, address);
    if (plan === undefined) return 0;
    const { kindArg, sizeArg, limitArg } = plan;
    const command = [counterKey(plan, address.scope), kindArg, sizeArg, limitArg, amount];
    return Number(await this.adjustScript.run(this.options.redis, 1, command));
  }
}

/** Reads and adjusts the counters that gateways share. */
export const createRedisCounterReader = (options: RedisCounterReaderOptions): CounterReader =>
  new RedisCounterReader(options);
