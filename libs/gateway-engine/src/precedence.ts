/** The order of everything that carries a priority: larger priority first, then smaller id. */
export interface Ranked {
  readonly id: number;
  readonly priority: number;
}

/** Negative when `a` goes first; never 0 for different ids. */
export function byPrecedence(a: Ranked, b: Ranked): number {
  return b.priority - a.priority || a.id - b.id;
}
