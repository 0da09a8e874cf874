/** The gateway's cost before any limit: recognise, read, choose, forward, account. */
import { gatewayConfig, tenantName } from '../gateway-config.js';
import { startGateway } from '../gateway-process.js';
import { chatOrder, type Scenario } from './scenario.js';

export const noLimits: Scenario = {
  name: 'no-limits',
  title: 'gateway, model surface, limits off',
  baseline: 'bare',
  goal: null,
  async start(stage) {
    const { origin: upstreamOrigin } = stage.upstream;
    const config = gatewayConfig({ upstreamOrigin, tenants: 1, hasLimits: false });
    const gateway = await startGateway(stage, config);
    return { pid: gateway.pid, order: chatOrder(gateway.origin, 'json', [tenantName(1)]) };
  },
};
