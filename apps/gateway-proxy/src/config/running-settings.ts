/**
 * The settings a gateway runs by now: what its levels say over what its environment says. They travel
 * in the running table, so a request is judged by the settings of its revision.
 */
import type { LogLevel, SettingsConfig } from '@ai-gateway/contracts';
import { mergeSettings } from '@ai-gateway/gateway-engine';
import type { GatewaySettings } from '../settings.js';

export interface RunningSettings {
  /** The revision since which these hold. */
  readonly revision: number;
  readonly logLevel: LogLevel;
  readonly accessLog: boolean;
  readonly exposeDecision: boolean;
  readonly maxInflight: number;
  readonly maxBodyBytes: number;
  readonly defaultTimeoutMs: number;
  readonly drainMs: number;
}

type Values = Omit<RunningSettings, 'revision'>;

export const settingsOfEnvironment = (env: GatewaySettings): RunningSettings => ({
  revision: 0,
  ...valuesOf(env, []),
});

/** @param before returned as it is when nothing changes */
export function nextSettings(
  before: RunningSettings,
  env: GatewaySettings,
  { levels, revision }: { levels: Iterable<SettingsConfig>; revision: number },
): RunningSettings {
  const values = valuesOf(env, levels);
  return isSame(before, values) ? before : { revision, ...values };
}

function valuesOf(env: GatewaySettings, levels: Iterable<SettingsConfig>): Values {
  const reader = { instanceId: env.GATEWAY_INSTANCE_ID, groups: env.GATEWAY_GROUPS };
  const { values } = mergeSettings(levels, reader);
  return {
    logLevel: values.log_level ?? env.LOG_LEVEL,
    accessLog: values.access_log ?? env.GATEWAY_ACCESS_LOG,
    exposeDecision: values.expose_decision ?? env.GATEWAY_EXPOSE_DECISION,
    maxInflight: values.max_inflight ?? env.GATEWAY_MAX_INFLIGHT,
    maxBodyBytes: values.max_body_bytes ?? env.GATEWAY_MAX_BODY_BYTES,
    defaultTimeoutMs: (values.default_timeout_sec ?? env.GATEWAY_DEFAULT_TIMEOUT) * 1000,
    drainMs: values.drain_ms ?? env.GATEWAY_DRAIN_MS,
  };
}

const isSame = (before: RunningSettings, values: Values): boolean =>
  (Object.keys(values) as (keyof Values)[]).every((field) => before[field] === values[field]);
