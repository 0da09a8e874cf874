/** The gateway as a mere passage: a route to a plain service, no rules, no model to account for. */
import { aRoute, anUpstream } from '@ai-gateway/testing';
import { change, gatewayConfig, tenantName } from '../gateway-config.js';
import { startGateway } from '../gateway-process.js';
import { CHAT_PATH } from '../traffic.js';
import { chatOrder, type Scenario } from './scenario.js';

const PATH = '/passage';

export const passThrough: Scenario = {
  name: 'pass-through',
  title: 'gateway, pass-through route',
  baseline: 'bare',
  goal: { id: 'P4', must: 1.3, aim: 1.1 },
  async start(stage) {
    const { origin: upstreamOrigin } = stage.upstream;
    const tenant = gatewayConfig({ upstreamOrigin, tenants: 1, hasLimits: false });
    const changes = [
      ...tenant.filter(({ kind }) => kind !== 'upstream'),
      change('upstream', 1, anUpstream({ protocol: 'http' })),
      change('route', 1, aRoute({ path: PATH, path_type: 'exact', target_url: CHAT_PATH })),
    ];
    const gateway = await startGateway(stage, changes);
    const order = chatOrder(gateway.origin, 'json', [tenantName(1)]);
    return { pid: gateway.pid, order: { ...order, path: PATH } };
  },
};
