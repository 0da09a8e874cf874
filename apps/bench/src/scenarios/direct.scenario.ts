/** The upstream without any proxy: what load generator and upstream can do at most. */
import { chatOrder, type Scenario } from './scenario.js';

export const direct: Scenario = {
  name: 'direct',
  title: 'direct to the static upstream',
  baseline: null,
  goal: null,
  async start({ upstream }) {
    return { pid: upstream.pid, order: chatOrder(upstream.origin, 'json', ['tenant-1']) };
  },
};
