/** How long a change takes from the answer of its write to each of three gateways. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchOptions } from './options.js';
import { appliedBy, lagMs } from './propagation/applied-log.js';
import { Fleet } from './propagation/fleet.js';
import { RuleWriter, type WrittenRevision } from './propagation/rule-writer.js';
import type { Suite } from './suite.js';

const WRITES = 500;
const WRITES_PER_SECOND = 10;
/** Longer than any poll. */
const SETTLE_MS = 3000;

const WAYS = [
  { name: 'pubsub', title: 'with pub/sub', hearing: 'hears', goalMs: 200 },
  { name: 'poll', title: 'pub/sub lost', hearing: 'deaf', goalMs: 2000 },
] as const;

type Way = (typeof WAYS)[number];

interface PropagationRow {
  way: string;
  gateway: string;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  goalMs: number;
}

export const runPropagationSuite: Suite = async (options, print) => {
  // The services' child processes don't keep the event loop alive, and we wait for their end.
  const alive = setInterval(() => undefined, 1000);
  const rows: PropagationRow[] = [];
  try {
    for (const way of WAYS) {
      if (wants(options, way)) rows.push(...(await measure(way)));
    }
  } finally {
    clearInterval(alive);
  }
  print(`${WRITES} writes, ${WRITES_PER_SECOND} a second; milliseconds from the write’s answer`);
  print(lineOf(['wake-ups', 'gateway', 'p50', 'p99', 'max', 'goal p99']));
  for (const { way, gateway, p50Ms, p99Ms, maxMs, goalMs } of rows) {
    const verdict = p99Ms < goalMs ? 'met' : 'MISSED';
    const figures = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(0));
    print(lineOf([way, gateway, ...figures, `< ${goalMs} ${verdict}`]));
  }
  if (options.jsonFile !== null) {
    writeFileSync(options.jsonFile, `${JSON.stringify({ writes: WRITES, rows }, null, 2)}\n`);
  }
};

const wants = ({ only }: BenchOptions, { name }: Way): boolean =>
  only.length === 0 || only.includes(name);

async function measure({ title, hearing, goalMs }: Way): Promise<PropagationRow[]> {
  const fleet = await Fleet.start(hearing);
  try {
    const writer = await RuleWriter.signIn(fleet.configCenterUrl, fleet.adminPassword);
    const writes = await writeSteadily(writer);
    await sleep(SETTLE_MS);
    const perGateway = fleet.gateways.map((app) => {
      const applied = appliedBy(app);
      return writes.map(({ revision, answeredAtMs }) => lagMs(applied, revision, answeredAtMs));
    });
    const rows = perGateway.map((lags, index) => ({
      way: title,
      gateway: String(index + 1),
      goalMs,
      ...figuresOf(lags),
    }));
    return [...rows, { way: title, gateway: 'all', goalMs, ...figuresOf(slowest(perGateway)) }];
  } finally {
    await fleet.stop();
  }
}

async function writeSteadily(writer: RuleWriter): Promise<WrittenRevision[]> {
  const writes: WrittenRevision[] = [];
  const startedMs = performance.now();
  for (let n = 0; n < WRITES; n += 1) {
    // Out of step with the polls, which come each second.
    const dueMs = startedMs + ((n + Math.random()) * 1000) / WRITES_PER_SECOND;
    await sleep(Math.max(0, dueMs - performance.now()));
    writes.push(await writer.changeRule());
  }
  return writes;
}

/** Of each write the lag of the gateway that was last. */
const slowest = (perGateway: readonly (readonly number[])[]): number[] =>
  (perGateway[0] ?? []).map((_, write) =>
    Math.max(...perGateway.map((lags) => lags[write] ?? NaN)),
  );

function figuresOf(lags: readonly number[]) {
  const sorted = lags.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

const WIDTHS = [14, 8, 6, 6, 6, 14];
const lineOf = (cells: readonly string[]): string =>
  cells
    .map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0))
    .join('  ')
    .trimEnd();
