/** The gateway as a mere passage: a namespace without rules. */
import { gatewayConfig, tenantName } from '../gateway-config.js';
import { startGateway } from '../gateway-process.js';
import { chatOrder, type Scenario } from './scenario.js';

export const noLimits: Scenario = {
  name: 'no-limits',
  title: 'gateway, limits off',
  baseline: 'bare',
  goal: { id: 'P4', must: 1.3, aim: 1.1 },
  async start(stage) {
    const { origin: upstreamOrigin } = stage.upstream;
    const config = gatewayConfig({ upstreamOrigin, tenants: 1, hasLimits: false });
    const gateway = await startGateway(stage, config);
    return { pid: gateway.pid, order: chatOrder(gateway.origin, 'json', [tenantName(1)]) };
  },
};
