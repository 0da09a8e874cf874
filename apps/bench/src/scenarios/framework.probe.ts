/**
 * What NestJS and what it brings (Express, rxjs) cost on the data path: the gateway's CPU profile
 * under load, in which every sample counts whose stack holds a frame of theirs at any depth. A
 * comparison with a gateway that has no Nest would measure another program; the profile measures
 * this one. Health requests are profiled as a control: when the profile does not see the framework
 * there, where it certainly works, the probe is blind and the bench fails.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { gatewayConfig, tenantName } from '../gateway-config.js';
import { startGateway } from '../gateway-process.js';
import { CpuProfile } from '../measure/cpu-profile.js';
import type { Verdict } from '../report.js';
import { warmUp, type Pace } from '../rounds.js';
import type { Stage } from '../stage.js';
import { chatOrder } from './scenario.js';

export const FRAMEWORK = 'framework';

const FRAMEWORK_FRAME =
  /node_modules\/(@nestjs|express|router|rxjs|body-parser|reflect-metadata)\//;
const CONTROL_REQUESTS = 500;

export interface FrameworkCost {
  readonly dataPathUs: number;
  /** Of one health request, which does go through the framework. */
  readonly controlUs: number;
}

export const frameworkVerdict = ({ dataPathUs, controlUs }: FrameworkCost): Verdict => ({
  goal: 'P5',
  text: `framework µs per data request (a health request: ${controlUs.toFixed(0)})`,
  measured: dataPathUs,
  must: 5,
  aim: 0,
});

export async function measureFramework(stage: Stage, pace: Pace): Promise<FrameworkCost> {
  const dir = mkdtempSync(join(tmpdir(), 'ai-gateway-bench-'));
  try {
    return await profiledCost(stage, pace, dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function profiledCost(stage: Stage, pace: Pace, dir: string): Promise<FrameworkCost> {
  const { origin: upstreamOrigin } = stage.upstream;
  const config = gatewayConfig({ upstreamOrigin, tenants: 1, hasLimits: true });
  const gateway = await startGateway(stage, config, ['--cpu-prof', `--cpu-prof-dir=${dir}`]);
  const order = { ...chatOrder(gateway.origin, 'json', [tenantName(1)]), ...pace };
  await warmUp({ ...order, seconds: 1 }, stage);
  const from = monotonicUs();
  const { requests, failure } = await stage.apply(order);
  const until = monotonicUs();
  if (failure !== null) throw new Error(`${FRAMEWORK}: a request ${failure}`);
  for (let sent = 0; sent < CONTROL_REQUESTS; sent += 1) await checkHealth(gateway.origin);
  const end = monotonicUs();
  await gateway.stop();

  const profile = readProfile(dir);
  const controlUs = profile.microsecondsUnder(FRAMEWORK_FRAME, until, end) / CONTROL_REQUESTS;
  if (controlUs === 0) throw new Error(`${FRAMEWORK}: the profile shows no framework at all`);
  return {
    dataPathUs: profile.microsecondsUnder(FRAMEWORK_FRAME, from, until) / requests,
    controlUs,
  };
}

/** The clock of V8's profiles. */
const monotonicUs = (): number => Number(process.hrtime.bigint() / 1000n);

async function checkHealth(origin: string): Promise<void> {
  const { statusCode, body } = await request(`${origin}/health`);
  await body.dump();
  if (statusCode !== 200) throw new Error(`/health answered ${statusCode}`);
}

function readProfile(dir: string): CpuProfile {
  const file = readdirSync(dir).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('the gateway left no CPU profile');
  return CpuProfile.parse(readFileSync(join(dir, file), 'utf8'));
}
