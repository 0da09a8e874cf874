/**
 * Which settings an instance runs: cluster, then its groups in order of name, then itself; the later
 * word counts, field by field. What no level names is left to the environment of the process.
 */
import {
  SETTINGS_FIELDS,
  type GatewaySettingsField,
  type GatewaySettingsValues,
  type SettingsConfig,
  type SettingsOrigin,
} from '@ai-gateway/contracts';

export interface SettingsReader {
  readonly instanceId: string | null;
  readonly groups: readonly string[];
}

export interface MergedSettings {
  readonly values: GatewaySettingsValues;
  /** Which level each value comes from; every field is there. */
  readonly origins: Readonly<Record<GatewaySettingsField, SettingsOrigin>>;
}

export function mergeSettings(
  levels: Iterable<SettingsConfig>,
  reader: SettingsReader,
): MergedSettings {
  const values: GatewaySettingsValues = {};
  const origins = fromEnvironment();
  const inOrder = [...levels].filter((each) => concerns(each, reader)).sort(byLevel);
  for (const { level, level_name, values: said } of inOrder) {
    Object.assign(values, said);
    for (const field of fieldsOf(said)) origins[field] = { level, level_name };
  }
  return { values, origins };
}

const fieldsOf = (said: GatewaySettingsValues): GatewaySettingsField[] =>
  SETTINGS_FIELDS.filter((field) => said[field] !== undefined);

function concerns({ level, level_name: name }: SettingsConfig, reader: SettingsReader): boolean {
  if (level === 'cluster') return true;
  return level === 'group' ? reader.groups.includes(name) : name === reader.instanceId;
}

const RANK = { cluster: 0, group: 1, instance: 2 } as const;

function byLevel(a: SettingsConfig, b: SettingsConfig): number {
  if (a.level !== b.level) return RANK[a.level] - RANK[b.level];
  return a.level_name < b.level_name ? -1 : 1;
}

function fromEnvironment(): Record<GatewaySettingsField, SettingsOrigin> {
  const origin = (): SettingsOrigin => ({ level: 'environment', level_name: null });
  return Object.fromEntries(SETTINGS_FIELDS.map((field) => [field, origin()])) as never;
}
