/** What is measured in a fresh process: cold start, memory, and texts that may never end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HelperProcess } from '../processes/helper-process.js';
import { median } from '../measure/median.js';

export interface StartCost {
  readonly startupMs: number;
  readonly residentBytes: number;
}

export interface Attempt {
  readonly ms: Patience;
}

/** Milliseconds, or how it ended without a count. */
export type Patience = number | 'failed' | 'gave up';

const STARTS = 3;
const PATIENCE_MS = 5000;

/** From import to the first count; medians. */
export async function startCost(contestant: string, encoding: string): Promise<StartCost> {
  const costs: StartCost[] = [];
  for (let turn = 0; turn < STARTS; turn += 1) {
    const helper = await isolated(contestant, encoding);
    costs.push(helper.greeting as StartCost);
    await helper.stop();
  }
  return {
    startupMs: median(costs.map(({ startupMs }) => startupMs)),
    residentBytes: median(costs.map((cost) => cost.residentBytes)),
  };
}

/** How long a pathological text takes. */
export async function patienceFor(
  contestant: string,
  encoding: string,
  text: { kind: string; bytes: number },
): Promise<Patience> {
  const helper = await isolated(contestant, encoding);
  const answer = helper.ask(text).then((each) => (each as Attempt).ms);
  answer.catch(() => undefined);
  const ms = await Promise.race([answer, sleep(PATIENCE_MS, 'gave up' as const, { ref: false })]);
  if (ms === 'gave up') process.kill(helper.pid, 'SIGKILL');
  else await helper.stop();
  return ms;
}

const isolated = (contestant: string, encoding: string): Promise<HelperProcess> =>
  HelperProcess.start('tokenizer', [contestant, encoding], ['--expose-gc']);
