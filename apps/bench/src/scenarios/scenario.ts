/** One row of the table: who is measured, what is sent to it, what it is compared with. */
import type { LoadOrder } from '../measure/load.types.js';
import type { Stage } from '../stage.js';
import {
  CHAT_PATH,
  TENANT_HEADER,
  answerBytes,
  chatRequest,
  type AnswerShape,
} from '../traffic.js';

export interface Subject {
  /** The process whose CPU time is charged to the requests. */
  readonly pid: number;
  readonly order: Omit<LoadOrder, 'connections' | 'seconds'>;
}

/** Of CPU per request, as a multiple of the baseline's. */
export interface RatioGoal {
  /** As numbered in the performance goals. */
  readonly id: string;
  readonly must: number;
  readonly aim: number;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** Name of the scenario this one is compared with; null for a yardstick. */
  readonly baseline: string | null;
  readonly goal: RatioGoal | null;
  start(stage: Stage): Promise<Subject>;
}

/** @param tenants names the requests carry in turn */
export function chatOrder(
  origin: string,
  shape: AnswerShape,
  tenants: readonly string[],
): Subject['order'] {
  return {
    origin,
    path: CHAT_PATH,
    body: chatRequest(shape),
    headerSets: tenants.map((tenant) => [
      'content-type',
      'application/json',
      TENANT_HEADER,
      tenant,
    ]),
    answerBytes: answerBytes(shape),
  };
}
