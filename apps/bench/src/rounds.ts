/**
 * Alternating rounds: every scenario once, then again, so that whatever else the machine does hits
 * all alike. Ratios are taken within a round and only then reduced to their median.
 */
import { cpuTimeUs } from './measure/cpu-time.js';
import type { LoadOrder } from './measure/load.types.js';
import type { Scenario, Subject } from './scenarios/scenario.js';
import type { Stage } from './stage.js';

export interface Contestant {
  readonly scenario: Scenario;
  readonly subject: Subject;
  readonly rounds: Round[];
}

export interface Round {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuUsPerRequest: number;
}

export interface Pace {
  readonly seconds: number;
  readonly connections: number;
}

/** By then the compiler has settled on the hot functions. */
const WARM_UP_REQUESTS = 20_000;
const MAX_WARM_UP_ROUNDS = 30;

export async function enter(scenario: Scenario, stage: Stage, pace: Pace): Promise<Contestant> {
  const subject = await scenario.start(stage);
  await warmUp({ ...subject.order, connections: pace.connections, seconds: 1 }, stage);
  return { scenario, subject, rounds: [] };
}

export async function warmUp(order: LoadOrder, stage: Stage): Promise<void> {
  let served = 0;
  for (let round = 0; round < MAX_WARM_UP_ROUNDS && served < WARM_UP_REQUESTS; round += 1) {
    const { requests, failure } = await stage.apply(order);
    if (failure !== null) throw new Error(`warming up ${order.origin}: a request ${failure}`);
    served += requests;
  }
}

/** @throws when a single answer was wrong: figures of a proxy that does not work mean nothing */
export async function playRound(
  { scenario, subject }: Contestant,
  stage: Stage,
  pace: Pace,
): Promise<Round> {
  const before = cpuTimeUs(subject.pid);
  const result = await stage.apply({ ...subject.order, ...pace });
  const cpuUs = cpuTimeUs(subject.pid) - before;
  if (result.failure !== null) throw new Error(`${scenario.name}: a request ${result.failure}`);
  return {
    requestsPerSecond: result.requests / (result.elapsedMs / 1000),
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
    cpuUsPerRequest: cpuUs / result.requests,
  };
}
