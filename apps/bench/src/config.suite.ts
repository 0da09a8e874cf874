/**
 * What a change of the configuration costs a gateway, by how much configuration there is: a full
 * load with the longest time it holds the event loop, and one changed rule, each through the store
 * that gateways use (validate, compile, install). One process, no network, no control plane.
 */
import { writeFileSync } from 'node:fs';
import { ConfigStore, EventLoopPacer } from '@ai-gateway/config-feed';
import type { ConfigChange, ConfigFeed } from '@ai-gateway/contracts';
import { RuntimeTableBuilder, type RuntimeTable } from '@ai-gateway/gateway-engine';
import { gatewayConfig } from './gateway-config.js';
import { median } from './measure/median.js';
import { LoopStalls, type LongestStall } from './measure/loop-stalls.js';
import { lineTable, verdictText, type Verdict } from './report.js';
import type { Suite } from './suite.js';

const SIZES = [100, 1_000, 10_000] as const;
const CHANGES_PER_ROUND = 200;
const EPOCH = 'bench-epoch';

interface SizeResult {
  readonly namespaces: number;
  readonly resources: number;
  readonly loadMs: number;
  /** The longest of each load, median over loads. */
  readonly stallMs: number;
  readonly stallCpuMs: number;
  readonly changeUs: number;
  readonly changeP99Us: number;
}

export const runConfigSuite: Suite = async ({ rounds, jsonFile }, print) => {
  await measure(SIZES[0], rounds); // the compiler settles
  const results: SizeResult[] = [];
  for (const size of SIZES) results.push(await measure(size, rounds));
  const verdicts = judge(results);
  print(tableText(results));
  for (const verdict of verdicts) print(verdictText(verdict));
  if (jsonFile === null) return;
  writeFileSync(jsonFile, `${JSON.stringify({ results, verdicts }, null, 2)}\n`);
};

async function measure(namespaces: number, rounds: number): Promise<SizeResult> {
  const changes = gatewayConfig({
    upstreamOrigin: 'http://127.0.0.1:1',
    tenants: namespaces,
    hasLimits: true,
  });
  const loads: { ms: number; stall: LongestStall }[] = [];
  let store = newStore();
  for (let round = 0; round < rounds; round += 1) {
    store = newStore();
    loads.push(await load(store, changes));
  }
  const changeUs = await changeRules(store, changes, rounds * CHANGES_PER_ROUND);
  return {
    namespaces,
    resources: changes.length,
    loadMs: median(loads.map(({ ms }) => ms)),
    stallMs: median(loads.map(({ stall }) => stall.wallMs)),
    stallCpuMs: median(loads.map(({ stall }) => stall.cpuMs)),
    changeUs: median(changeUs),
    changeP99Us: changeUs.toSorted((a, b) => a - b)[Math.floor(changeUs.length * 0.99)] ?? NaN,
  };
}

function newStore(): ConfigStore<RuntimeTable> {
  const builder = new RuntimeTableBuilder();
  return new ConfigStore<RuntimeTable>({
    compile: async (resources, head, base) => {
      const table = await new EventLoopPacer().run(builder.steps(resources, head, base));
      return { table, problems: table.problems };
    },
    install: () => undefined,
  });
}

async function load(store: ConfigStore<RuntimeTable>, changes: readonly ConfigChange[]) {
  const feed: ConfigFeed = { type: 'full', epoch: EPOCH, revision: 1, changes: [...changes] };
  const stalls = new LoopStalls();
  const startMs = performance.now();
  await apply(store, feed, null);
  const ms = performance.now() - startMs;
  return { ms, stall: stalls.end() };
}

/** Microseconds of each change: another limit for one rule, spread over all of them. */
async function changeRules(
  store: ConfigStore<RuntimeTable>,
  changes: readonly ConfigChange[],
  count: number,
): Promise<number[]> {
  const rules = changes.filter(({ kind }) => kind === 'rule');
  const stride = Math.max(1, Math.floor(rules.length / count)) * 2 + 1;
  const costs: number[] = [];
  for (let index = 0; index < count * 2; index += 1) {
    const since = { epoch: EPOCH, revision: index + 1 };
    const rule = rules[(index * stride) % rules.length];
    if (rule === undefined) throw new Error('there are no rules to change');
    const value = { ...(rule.value as object), priority: index + 1 };
    const change = { ...rule, revision: index + 2, value };
    const feed: ConfigFeed = {
      type: 'delta',
      epoch: EPOCH,
      revision: index + 2,
      changes: [change],
    };
    const startMs = performance.now();
    await apply(store, feed, since);
    if (index >= count) costs.push((performance.now() - startMs) * 1000);
  }
  return costs;
}

/** @throws when anything was refused: figures of a store that does not work mean nothing */
async function apply(
  store: ConfigStore<RuntimeTable>,
  feed: ConfigFeed,
  since: { epoch: string; revision: number } | null,
): Promise<void> {
  const outcome = await store.apply(feed, since);
  if (outcome.status !== 'applied' || outcome.nacks.length > 0) {
    throw new Error(`the configuration was not applied: ${JSON.stringify(outcome)}`);
  }
}

function judge(results: readonly SizeResult[]): Verdict[] {
  const [few, many] = [results[0], results.at(-1)];
  if (few === undefined || many === undefined) return [];
  return [
    {
      goal: 'one-rule change',
      text: `at ${many.namespaces} namespaces against ${few.namespaces}`,
      measured: many.changeUs / few.changeUs,
      must: 3,
      aim: 1.5,
    },
    {
      goal: 'event loop',
      text: `longest stall in ms while ${many.namespaces} namespaces are loaded`,
      measured: many.stallMs,
      must: 50,
      aim: 25,
    },
  ];
}

const HEADS = [
  'namespaces',
  'resources',
  'load ms',
  'stall ms',
  'stall CPU ms',
  'change µs',
  'p99 µs',
];

const tableText = (results: readonly SizeResult[]): string =>
  lineTable(
    HEADS,
    results.map((result) => [
      String(result.namespaces),
      String(result.resources),
      result.loadMs.toFixed(0),
      result.stallMs.toFixed(1),
      result.stallCpuMs.toFixed(1),
      result.changeUs.toFixed(0),
      result.changeP99Us.toFixed(0),
    ]),
  );
