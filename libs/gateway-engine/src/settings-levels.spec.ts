import type { GatewaySettingsValues, SettingsConfig, SettingsLevel } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { mergeSettings } from './settings-levels.js';

let serial = 0;
const said = (
  level: SettingsLevel,
  name: string,
  values: GatewaySettingsValues,
): SettingsConfig => ({ settings_id: (serial += 1), level, level_name: name, values });

const reader = { instanceId: 'gw-1', groups: ['eu', 'canary'] };
const cluster = said('cluster', 'cluster', { max_inflight: 1, log_level: 'warn', drain_ms: 5 });
const canary = said('group', 'canary', { max_inflight: 2, log_level: 'debug' });
const eu = said('group', 'eu', { max_inflight: 3 });
const instance = said('instance', 'gw-1', { max_inflight: 4 });

describe('settings by level', () => {
  it('leave everything to the environment when no level says anything', () => {
    const { values, origins } = mergeSettings([], reader);
    expect(values).toEqual({});
    expect(origins.drain_ms).toEqual({ level: 'environment', level_name: null });
  });

  it.each<[string, SettingsConfig[], number | undefined]>([
    ['the cluster', [cluster], 1],
    ['a group over the cluster', [canary, cluster], 2],
    ['the last group by name', [eu, canary, cluster], 3],
    ['the instance over all', [instance, eu, canary, cluster], 4],
    ['not another group', [said('group', 'us', { max_inflight: 9 })], undefined],
    ['not another instance', [said('instance', 'gw-2', { max_inflight: 9 })], undefined],
    [
      'not an instance called as the group',
      [said('instance', 'eu', { max_inflight: 9 })],
      undefined,
    ],
  ])('follow %s', (_what, levels, expected) => {
    expect(mergeSettings(levels, reader).values.max_inflight).toBe(expected);
  });

  it('are merged field by field, each with its origin', () => {
    const { values, origins } = mergeSettings([cluster, canary, eu, instance], reader);
    expect(values).toEqual({ max_inflight: 4, log_level: 'debug', drain_ms: 5 });
    expect(origins).toMatchObject({
      max_inflight: { level: 'instance', level_name: 'gw-1' },
      log_level: { level: 'group', level_name: 'canary' },
      drain_ms: { level: 'cluster', level_name: 'cluster' },
      access_log: { level: 'environment', level_name: null },
    });
  });

  it('let false and 0 count as said', () => {
    const off = said('instance', 'gw-1', { access_log: false, drain_ms: 0 });
    const on = said('cluster', 'cluster', { access_log: true, drain_ms: 5 });
    expect(mergeSettings([on, off], reader).values).toEqual({ access_log: false, drain_ms: 0 });
  });
});
