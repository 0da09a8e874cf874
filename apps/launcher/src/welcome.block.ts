/** What a person needs to begin with, printed once everything is ready. */
import { allowsAnonymous, mockLlmUrl, urlOf, type FleetPorts } from './fleet.plan.js';
import type { LauncherSettings } from './settings.js';

/** @param bootstrapLines what config-center said about the one-time password, if it made one */
export function welcomeLines(
  settings: LauncherSettings,
  ports: FleetPorts,
  bootstrapLines: readonly string[],
): string[] {
  const admin = urlOf(settings, ports.configCenter);
  return [
    '',
    `AI Gateway, ${settings.embedded ? `embedded, data in ${settings.DATA_DIR}` : 'distributed'}`,
    '',
    `  admin API      ${admin}/api/v1   (Swagger UI: ${admin}/docs)`,
    ...ports.gateways.flatMap(({ port, managementPort }) => [
      `  gateway        ${urlOf(settings, port)}   (management: ${urlOf(settings, managementPort)})`,
    ]),
    `  token service  ${urlOf(settings, ports.tokenService)}`,
    `  mock model     ${mockLlmUrl(ports.mockLlm)}`,
    '',
    ...passwordLines(bootstrapLines),
    'Log in; the answer carries the access token:',
    `  curl ${admin}/api/v1/auth/login -H 'content-type: application/json' -d '{"username":"admin","password":"<password>"}'`,
    '',
    ...firstRequestLines(settings, ports),
    '',
    'Ctrl-C stops everything.',
    '',
  ];
}

function passwordLines(bootstrapLines: readonly string[]): string[] {
  if (bootstrapLines.length > 0) return [...bootstrapLines, ''];
  return ['The password of admin is the one printed at the first start, or yours.', ''];
}

function firstRequestLines(settings: LauncherSettings, ports: FleetPorts): string[] {
  const anonymous = allowsAnonymous(settings);
  const admin = urlOf(settings, ports.configCenter);
  const key = anonymous ? '' : ` -H 'authorization: Bearer <API key>'`;
  const body = `'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}'`;
  const url = `${urlOf(settings, ports.gateways[0]?.port ?? 0)}/v1/chat/completions`;
  const makeKey =
    `  curl ${admin}/api/v1/api-keys -H 'authorization: Bearer <access token>'` +
    ` -H 'content-type: application/json' -d '{"key_name":"first"}'`;
  return [
    ...(anonymous
      ? ['Try it (requests without an API key are served: GATEWAY_ALLOW_ANONYMOUS=true):']
      : ['Make an API key; the answer shows it once:', makeKey, '', 'Try it with that key:']),
    `  curl ${url}${key} -H 'content-type: application/json' -d ${body}`,
  ];
}
