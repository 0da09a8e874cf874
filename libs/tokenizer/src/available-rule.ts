/** The rule that can count here, where the first choice asks for a vocabulary nobody can read. */
import type { ModelRule } from './model-rules.js';
import type { TextCounter } from './text-counter.js';
import { findCounter } from './vocabulary.catalog.js';

/** Reads the vocabulary when it is first asked for, which blocks. Throws where none can be read. */
export function availableRule(rule: ModelRule): ModelRule {
  let available = rule;
  while (findCounter(available.encoding) === null) {
    if (available.otherwise === undefined) throw cannotRead(available);
    available = available.otherwise;
  }
  return available;
}

/** Of a rule that `availableRule` answered. */
export function counterOf(rule: ModelRule): TextCounter {
  const counter = findCounter(rule.encoding);
  if (counter === null) throw cannotRead(rule);
  return counter;
}

function cannotRead({ encoding }: ModelRule): Error {
  return new Error(`the vocabulary ${encoding} cannot be read`);
}
