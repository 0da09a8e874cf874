/** What the gateway costs above a bare pass-through; the README says how to read the table. */
import { writeFileSync } from 'node:fs';
import { UsageError, type BenchOptions } from './options.js';
import { judge, resultRows, tableText, verdictText, type Verdict } from './report.js';
import { enter, playRound, type Contestant } from './rounds.js';
import { bare, bareStreamed } from './scenarios/bare.scenario.js';
import { direct } from './scenarios/direct.scenario.js';
import { FRAMEWORK, frameworkVerdict, measureFramework } from './scenarios/framework.probe.js';
import { limits, limitsStreamed } from './scenarios/limits.scenario.js';
import { noLimits } from './scenarios/no-limits.scenario.js';
import { passThrough } from './scenarios/pass-through.scenario.js';
import type { Scenario } from './scenarios/scenario.js';
import { fewTenants, manyCallers, manyTenants } from './scenarios/tenants.scenario.js';
import { Stage } from './stage.js';
import type { Suite } from './suite.js';

const SCENARIOS: readonly Scenario[] = [
  direct,
  bare,
  passThrough,
  noLimits,
  limits,
  bareStreamed,
  limitsStreamed,
  fewTenants,
  manyTenants,
  manyCallers,
];

export const runProxySuite: Suite = async (options, print) => {
  const chosen = chosenScenarios(options.only);
  const stage = await Stage.set();
  try {
    if (!stage.cores.arePinned) print('The proxy has no core of its own: trust CPU figures only.');
    const contestants = await compete(chosen, stage, options);
    const rows = resultRows(contestants);
    const verdicts: Verdict[] = judge(rows);
    if (wants(options.only, FRAMEWORK)) {
      verdicts.push(frameworkVerdict(await measureFramework(stage, options)));
    }
    print(tableText(rows));
    for (const verdict of verdicts) print(verdictText(verdict));
    if (options.jsonFile !== null) {
      writeFileSync(options.jsonFile, `${JSON.stringify({ options, rows, verdicts }, null, 2)}\n`);
    }
  } finally {
    await stage.strike();
  }
};

async function compete(
  scenarios: readonly Scenario[],
  stage: Stage,
  options: BenchOptions,
): Promise<Contestant[]> {
  const contestants: Contestant[] = [];
  for (const scenario of scenarios) contestants.push(await enter(scenario, stage, options));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const contestant of contestants) {
      contestant.rounds.push(await playRound(contestant, stage, options));
    }
  }
  return contestants;
}

const wants = (only: readonly string[], name: string): boolean =>
  only.length === 0 || only.includes(name);

/** What was asked for, and what it is compared with. */
function chosenScenarios(only: readonly string[]): Scenario[] {
  const byName = new Map(SCENARIOS.map((scenario) => [scenario.name, scenario]));
  const unknown = only.filter((name) => name !== FRAMEWORK && !byName.has(name));
  if (unknown.length > 0) {
    const known = [...byName.keys(), FRAMEWORK].join(', ');
    throw new UsageError(`no scenario "${unknown.join(', ')}"; there are: ${known}`);
  }
  const names = new Set<string>();
  const add = (scenario: Scenario | undefined): void => {
    if (scenario === undefined || names.has(scenario.name)) return;
    names.add(scenario.name);
    add(byName.get(scenario.baseline ?? ''));
  };
  for (const { name } of SCENARIOS) if (wants(only, name)) add(byName.get(name));
  return SCENARIOS.filter(({ name }) => names.has(name));
}
