/** What is measured in a fresh process: cold start, memory, and texts that may never end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HelperProcess } from '../processes/helper-process.js';
import { median } from '../measure/median.js';

export interface StartCost {
  readonly startupMs: number;
  readonly residentBytes: number;
}

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

/** Milliseconds for a pathological text; null when it was given up. */
export async function patienceFor(
  contestant: string,
  encoding: string,
  text: { kind: string; bytes: number },
): Promise<number | null> {
  const helper = await isolated(contestant, encoding);
  const answer = helper.ask(text).then((each) => (each as { ms: number }).ms);
  answer.catch(() => undefined);
  const ms = await Promise.race([answer, sleep(PATIENCE_MS, null, { ref: false })]);
  if (ms === null) process.kill(helper.pid, 'SIGKILL');
  else await helper.stop();
  return ms;
}

const isolated = (contestant: string, encoding: string): Promise<HelperProcess> =>
  HelperProcess.start('tokenizer', [contestant, encoding], ['--expose-gc']);
