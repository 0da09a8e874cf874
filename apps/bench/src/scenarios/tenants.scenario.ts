/**
 * Whether the number of tenants costs anything, each with a matcher and three rules. The same ten
 * tenants call in the two rows that are compared, spread over the table; in a third row all 10,000
 * call, where counters, label sets and settlements no longer share anything between requests.
 */
import { gatewayConfig, tenantName } from '../gateway-config.js';
import { startGateway } from '../gateway-process.js';
import { chatOrder, type Scenario } from './scenario.js';

const FEW = 10;
const MANY = 10_000;

interface Population {
  readonly tenants: number;
  readonly callers: number;
}

const tenantsScenario = (
  { tenants, callers }: Population,
  row: Omit<Scenario, 'start'>,
): Scenario => ({
  ...row,
  async start(stage) {
    const { origin: upstreamOrigin } = stage.upstream;
    const config = gatewayConfig({ upstreamOrigin, tenants, hasLimits: true });
    const gateway = await startGateway(stage, config);
    const step = tenants / callers;
    const names = Array.from({ length: callers }, (_, index) => tenantName((index + 1) * step));
    return { pid: gateway.pid, order: chatOrder(gateway.origin, 'json', names) };
  },
});

export const fewTenants = tenantsScenario(
  { tenants: FEW, callers: FEW },
  { name: 'tenants-10', title: 'gateway, 10 tenants', baseline: 'bare', goal: null },
);

export const manyTenants = tenantsScenario(
  { tenants: MANY, callers: FEW },
  {
    name: 'tenants-10000',
    title: 'gateway, 10,000 tenants, 10 call',
    baseline: 'tenants-10',
    goal: { id: 'P11', must: 1.05, aim: 1.02 },
  },
);

export const manyCallers = tenantsScenario(
  { tenants: MANY, callers: MANY },
  {
    name: 'tenants-10000-all',
    title: 'gateway, 10,000 tenants, all call',
    baseline: 'tenants-10',
    goal: null,
  },
);
