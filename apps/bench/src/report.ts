/** From rounds to the table and the goals. */
import { median } from './measure/median.js';
import type { Contestant, Round } from './rounds.js';
import type { RatioGoal } from './scenarios/scenario.js';

export interface ResultRow extends Round {
  readonly name: string;
  readonly title: string;
  readonly baseline: string | null;
  /** CPU per request as a multiple of the baseline's, median over rounds; null for a yardstick. */
  readonly cpuRatio: number | null;
  /** Smallest and largest ratio of any round. */
  readonly cpuRatioRange: readonly [number, number] | null;
  readonly goal: RatioGoal | null;
}

export interface Verdict {
  readonly goal: string;
  readonly text: string;
  readonly measured: number;
  readonly must: number;
  readonly aim: number;
}

export function resultRows(contestants: readonly Contestant[]): ResultRow[] {
  const byName = new Map(contestants.map((each) => [each.scenario.name, each]));
  return contestants.map(({ scenario, rounds }) => {
    const { name, title, baseline, goal } = scenario;
    const ratios = ratiosTo(rounds, byName.get(baseline ?? '')?.rounds ?? []);
    const of = (figure: keyof Round): number => median(rounds.map((round) => round[figure]));
    return {
      name,
      title,
      baseline,
      goal,
      requestsPerSecond: of('requestsPerSecond'),
      p50Ms: of('p50Ms'),
      p99Ms: of('p99Ms'),
      cpuUsPerRequest: of('cpuUsPerRequest'),
      cpuRatio: ratios.length === 0 ? null : median(ratios),
      cpuRatioRange: ratios.length === 0 ? null : [Math.min(...ratios), Math.max(...ratios)],
    };
  });
}

/** Round by round, since only rounds next to each other met the same machine. */
function ratiosTo(rounds: readonly Round[], baseline: readonly Round[]): number[] {
  const pairs = Math.min(rounds.length, baseline.length);
  return Array.from({ length: pairs }, (_, index) => {
    const [own, other] = [rounds[index], baseline[index]];
    return (own?.cpuUsPerRequest ?? NaN) / (other?.cpuUsPerRequest ?? NaN);
  });
}

export const judge = (rows: readonly ResultRow[]): Verdict[] =>
  rows.flatMap(({ goal, cpuRatio, title, baseline }) => {
    if (goal === null || cpuRatio === null) return [];
    const text = `CPU of "${title}" against "${baseline ?? ''}"`;
    return [{ goal: goal.id, text, measured: cpuRatio, must: goal.must, aim: goal.aim }];
  });

const HEADS = ['scenario', 'req/s', 'p50 ms', 'p99 ms', 'CPU µs/req', 'ratio', 'range', 'against'];

export function tableText(rows: readonly ResultRow[]): string {
  const cells = rows.map((row) => [
    row.title,
    row.requestsPerSecond.toFixed(0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    row.cpuUsPerRequest.toFixed(1),
    row.cpuRatio?.toFixed(2) ?? '',
    row.cpuRatioRange?.map((ratio) => ratio.toFixed(2)).join('–') ?? '',
    row.baseline ?? '',
  ]);
  return lineTable(HEADS, cells, LAST_COLUMN);
}

const LAST_COLUMN = HEADS.length - 1;

/** Words (the first column, and `words`) to the left, figures to the right. */
export function lineTable(
  heads: readonly string[],
  cells: readonly (readonly string[])[],
  words = 0,
): string {
  const lines = [heads, ...cells];
  const widths = heads.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const aligned = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return column === 0 || column === words ? cell.padEnd(width) : cell.padStart(width);
  };
  return lines.map((line) => line.map(aligned).join('  ').trimEnd()).join('\n');
}

export function verdictText({ goal, text, measured, must, aim }: Verdict): string {
  const outcome = measured <= aim ? 'met, aim too' : measured <= must ? 'met' : 'MISSED';
  return `${goal} ${outcome}: ${text} ${measured.toFixed(2)} (must ≤ ${must}, aim ≤ ${aim})`;
}
