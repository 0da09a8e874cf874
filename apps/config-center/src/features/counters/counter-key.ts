/**
 * The documented names of counters. They are addresses, not Redis keys: each is resolved to a rule
 * and its spans on the server, so nothing else in Redis can be read or written through them. An
 * inherited rule is counted by each namespace apart, so its name says which:
 * `rule:p<policy_id>-<rule_no>@<namespace_code>[:<scope>]`.
 */
export type CounterName =
  | { readonly family: 'rate_limit'; readonly namespaceCode: string; readonly window: string }
  | { readonly family: 'token_limit'; readonly namespaceId: number; readonly window: string }
  | { readonly family: 'rule'; readonly ruleId: number; readonly scope: string }
  | InheritedRuleName;

interface InheritedRuleName {
  readonly family: 'inherited_rule';
  readonly ruleId: string;
  readonly namespaceCode: string;
  readonly scope: string;
}

const CODE = '[A-Za-z0-9][A-Za-z0-9._-]{0,49}';
const ID = '[1-9]\\d{0,15}';
const WINDOW = '[A-Za-z0-9_-]{1,40}';
const RATE_LIMIT = new RegExp(`^rate_limit:(${CODE}):(${WINDOW})$`);
const TOKEN_LIMIT = new RegExp(`^token_limit:(${ID}):hour:(${WINDOW})$`);
const SCOPE = '[A-Za-z0-9._:-]{1,128}';
const RULE = new RegExp(`^rule:(${ID})(?::(${SCOPE}))?$`);
const INHERITED_RULE = new RegExp(`^rule:(p${ID}-${ID})@(${CODE})(?::(${SCOPE}))?$`);

/** Null for what is no documented name. */
export function parseCounterKey(key: string): CounterName | null {
  const rate = RATE_LIMIT.exec(key);
  if (rate) return { family: 'rate_limit', namespaceCode: rate[1] ?? '', window: rate[2] ?? '' };
  const token = TOKEN_LIMIT.exec(key);
  if (token)
    return { family: 'token_limit', namespaceId: Number(token[1]), window: token[2] ?? '' };
  const rule = RULE.exec(key);
  if (rule) return { family: 'rule', ruleId: Number(rule[1]), scope: rule[2] ?? '-' };
  const [, inheritedId, namespaceCode, scope = '-'] = INHERITED_RULE.exec(key) ?? [];
  if (inheritedId === undefined || namespaceCode === undefined) return null;
  return { family: 'inherited_rule', ruleId: inheritedId, namespaceCode, scope };
}

const WINDOW_MS: ReadonlyMap<string, number> = new Map([
  ['second', 1_000],
  ['minute', 60_000],
  ['hour', 3_600_000],
  ['day', 86_400_000],
]);

/** A window by name; anything else (the documents show a start time) is the current window. */
export const windowMsOf = (window: string): number | null => WINDOW_MS.get(window) ?? null;
