/** The gateway's settings: the only reader of its environment. */
import { hostname } from 'node:os';
import { gatewayLabelSchema } from '@ai-gateway/contracts';
import {
  REDIS_SECRETS,
  loadSettings,
  redisShape,
  setting,
  type Environment,
  type SettingsSpec,
} from '@ai-gateway/node-runtime';
import { z } from 'zod';

const shape = {
  SERVER_HOST: setting.text('127.0.0.1').describe('address both listeners bind to'),
  GATEWAY_PORT: setting.port(8081).describe('data listener'),
  GATEWAY_MANAGEMENT_PORT: setting.port(9081).describe('health, metrics and internal endpoints'),
  GATEWAY_INSTANCE_ID: gatewayLabelSchema
    .default(hostname())
    .describe('name of this instance, unique per fleet'),
  GATEWAY_GROUPS: setting
    .list()
    .pipe(z.array(gatewayLabelSchema).max(20))
    .describe('labels of this instance, which settings and rollouts may name'),
  GATEWAY_ADVERTISE_ADDRESS: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'where clients reach this instance, as shown in the list of instances; unset: http://<host name>:<port>',
    ),
  LOG_LEVEL: setting.logLevel().describe('debug, info, warn or error'),
  CONFIG_CENTER_URL: z.url().optional().describe('where to read configuration over HTTP'),
  GATEWAY_SERVICE_CREDENTIAL: setting
    .credential()
    .optional()
    .describe('shared with config-center; authenticates the feed and internal endpoints'),
  ...redisShape,
  MASTER_KEY: z.string().optional().describe('32 bytes, base64 or hex; opens sealed credentials'),
  DATA_DIR: setting
    .text('./data')
    .describe('folder of the configuration snapshot, one per gateway'),
  TOKENIZER_DIR: z
    .string()
    .optional()
    .describe('folder of added vocabularies; unset: tokenizers in DATA_DIR'),
  GATEWAY_PIN_FILE: z
    .string()
    .optional()
    .describe('file that holds the revision to stay at; unset: pinned-revision in DATA_DIR'),
  GATEWAY_AUTH_MAX_STALE_SEC: setting
    .count(300, 0, 31_536_000)
    .describe('API keys are refused when no configuration source answered for longer; 0: never'),
  GATEWAY_ALLOW_ANONYMOUS: setting
    .flag(false)
    .describe('requests without an API key may use the LLM surfaces'),
  GATEWAY_EXPOSE_DECISION: setting
    .flag(false)
    .describe('answers carry x-gateway-namespace and x-gateway-upstream'),
  GATEWAY_FORWARD_HEADERS: setting
    .list()
    .describe('further request headers passed to LLM upstreams; a trailing * matches any ending'),
  GATEWAY_TRUSTED_PROXIES: setting.list().describe('CIDRs whose X-Forwarded-For is believed'),
  GATEWAY_MAX_BODY_BYTES: setting.count(10_485_760, 1024, 1_073_741_824).describe('largest body'),
  GATEWAY_BODY_IDLE_MS: setting.count(30_000, 100, 600_000).describe('longest pause in a body'),
  GATEWAY_HEADERS_TIMEOUT_MS: setting.count(10_000, 100, 600_000).describe('time for the head'),
  GATEWAY_KEEP_ALIVE_MS: setting
    .count(65_000, 1000, 600_000)
    .describe('idle client connections; keep it above the load balancer’s'),
  GATEWAY_MAX_CONNECTIONS_PER_IP: setting.count(1000, 1).describe('open connections per address'),
  GATEWAY_MAX_INFLIGHT: setting.count(10_000, 1).describe('requests in progress; more are shed'),
  GATEWAY_DRAIN_MS: setting.count(25_000, 0, 600_000).describe('time open streams get at shutdown'),
  GATEWAY_DEFAULT_TIMEOUT: setting
    .count(30, 1, 3600)
    .describe('seconds to the first byte and between bytes, where no upstream or route says else'),
  UPSTREAM_ALLOW_ADDRESSES: setting
    .list()
    .describe('CIDRs targets may have although the address policy denies them'),
  TOKEN_SERVICE_URL: z.url().optional().describe('token-count service'),
  TOKEN_SERVICE_CREDENTIAL: setting.credential().optional().describe('for the token-count service'),
  USE_PRECISE_TOKEN_CALCULATION: setting
    .flag(false)
    .describe('ask the token-count service where an exact count decides'),
  GATEWAY_ACCESS_LOG: setting.flag(true).describe('one line per request'),
};

export const settingsSpec: SettingsSpec<typeof shape> = {
  shape,
  ownPrefix: 'GATEWAY_',
  foreign: ['GATEWAY_MANAGEMENT_URL'],
  secrets: [
    ...REDIS_SECRETS,
    'GATEWAY_SERVICE_CREDENTIAL',
    'MASTER_KEY',
    'TOKEN_SERVICE_CREDENTIAL',
  ],
};

export type GatewaySettings = ReturnType<typeof readSettings>;

/** What held values name an instance by: its labels, and itself. */
export const instanceGroups = (settings: GatewaySettings): string[] => [
  ...settings.GATEWAY_GROUPS,
  `instance:${settings.GATEWAY_INSTANCE_ID}`,
];

/** @throws SettingsError with one line per problem */
export function readSettings(env: Environment = process.env) {
  return loadSettings(settingsSpec, env);
}
