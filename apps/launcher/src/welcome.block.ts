/** What a person needs to begin with, printed once everything is ready. */
import { allowsAnonymous, urlOf, type FleetPorts } from './fleet.plan.js';
import type { LauncherSettings } from './settings.js';

/** @param bootstrapLines what config-center said about the one-time password, if it made one */
export function welcomeLines(
  settings: LauncherSettings,
  ports: FleetPorts,
  bootstrapLines: readonly string[],
): string[] {
  const admin = urlOf(ports.configCenter);
  return [
    '',
    `AI Gateway, ${settings.embedded ? `embedded, data in ${settings.DATA_DIR}` : 'distributed'}`,
    '',
    `  admin API      ${admin}/api/v1   (Swagger UI: ${admin}/docs)`,
    ...ports.gateways.flatMap(({ port, managementPort }) => [
      `  gateway        ${urlOf(port)}   (management: ${urlOf(managementPort)})`,
    ]),
    `  token service  ${urlOf(ports.tokenService)}`,
    `  mock model     ${urlOf(ports.mockLlm)}`,
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
  const key = anonymous ? '' : ` -H 'authorization: Bearer <API key>'`;
  const body = `'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}'`;
  const url = `${urlOf(ports.gateways[0]?.port ?? 0)}/v1/chat/completions`;
  return [
    anonymous
      ? 'Try it (requests without an API key are served: GATEWAY_ALLOW_ANONYMOUS=true):'
      : 'Try it with an API key made by the admin API:',
    `  curl ${url}${key} -H 'content-type: application/json' -d ${body}`,
  ];
}
