/** The gateway with one header matcher and request, token and connection rules on Redis. */
import { gatewayConfig, tenantName } from '../gateway-config.js';
import { startGateway } from '../gateway-process.js';
import type { AnswerShape } from '../traffic.js';
import { chatOrder, type Scenario } from './scenario.js';

const limitsScenario = (shape: AnswerShape, row: Omit<Scenario, 'start'>): Scenario => ({
  ...row,
  async start(stage) {
    const { origin: upstreamOrigin } = stage.upstream;
    const config = gatewayConfig({ upstreamOrigin, tenants: 1, hasLimits: true });
    const gateway = await startGateway(stage, config);
    return { pid: gateway.pid, order: chatOrder(gateway.origin, shape, [tenantName(1)]) };
  },
});

export const limits = limitsScenario('json', {
  name: 'limits',
  title: 'gateway, 1 matcher + 3 rules on Redis',
  baseline: 'bare',
  goal: { id: 'P3', must: 2.2, aim: 1.3 },
});

export const limitsStreamed = limitsScenario('stream', {
  name: 'limits-sse',
  title: 'gateway, 1 matcher + 3 rules, streamed',
  baseline: 'bare-sse',
  goal: null,
});
