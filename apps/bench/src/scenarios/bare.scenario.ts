/** The yardstick, plain and streamed. */
import type { AnswerShape } from '../traffic.js';
import { chatOrder, type Scenario } from './scenario.js';

const bareScenario = (name: string, title: string, shape: AnswerShape): Scenario => ({
  name,
  title,
  baseline: null,
  goal: null,
  async start(stage) {
    const proxy = await stage.startProxy('pass-through', [stage.upstream.origin]);
    return { pid: proxy.pid, order: chatOrder(proxy.origin, shape, ['tenant-1']) };
  },
});

export const bare = bareScenario('bare', 'bare undici pass-through', 'json');
export const bareStreamed = bareScenario(
  'bare-sse',
  'bare undici pass-through, streamed',
  'stream',
);
