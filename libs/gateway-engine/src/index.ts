export type * from './api-key.compiler.js';
export * from './balancer.js';
export { canonicalPath } from './canonical-path.js';
export type { Steps } from './compile-step.js';
export { NO_RESOURCES, type ChangedResource, type ConfigResources } from './config-delta.js';
export { RuntimeTableBuilder, compileConfig, type CompileBase } from './config-table.js';
export type { CompiledFieldCheck, FieldCheckFailure } from './field-check.js';
export { jsonField, parseJsonPath, readJsonPath, type JsonPath } from './json-field.js';
export { compileLimit, compileRouteLimit, type LimitRuleConfig } from './limit.compiler.js';
export { applicableLimits, type ScopedLimit } from './limit-selection.js';
export { scopeOf, textDigest, type LimitDimensions } from './limit-scope.js';
export type * from './limit.types.js';
export { compileRegex, type LinearRegex, type RegexResult } from './linear-regex.js';
export type { MatcherIndex } from './matcher-index.js';
export type { CompiledModel } from './model.compiler.js';
export {
  evaluateFieldChecks,
  shadowFieldCheckFailures,
  type CompiledNamespace,
} from './namespace.compiler.js';
export type { ReadMap } from './persistent-map.js';
export type { CompileProblem } from './problem-ledger.js';
export type * from './request-facts.js';
export { whyUncompilable } from './resource-check.js';
export { holds, inheritedRules, type InheritedRule } from './rule-inheritance.js';
export type { CompiledRoute } from './route.compiler.js';
export type { RouteChoice, RouteTable } from './route-table.js';
export type { RoutingFields } from './routing-fields.js';
export {
  chooseRoute,
  findModel,
  matchNamespace,
  type MatchResult,
  type RuntimeTable,
} from './runtime-table.js';
export { mergeSettings, type MergedSettings, type SettingsReader } from './settings-levels.js';
export { DEFAULT_TIMEOUTS, type CompiledTimeouts } from './timeouts.js';
export type { CompiledTarget, CompiledUpstream } from './upstream.compiler.js';
