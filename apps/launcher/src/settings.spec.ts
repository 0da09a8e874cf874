import { describe, expect, it } from 'vitest';
import { claimPorts } from './port.check.js';
import { planFleet, portClaims, portsFrom } from './fleet.plan.js';
import { settingsFrom } from './settings.js';
import { welcomeLines } from './welcome.block.js';

const SECRETS = {
  masterKey: 'the-master-key',
  serviceCredential: 'the-credential',
  tokenServiceCredential: 'another-credential',
};
const REDIS = { REDIS_URL: 'redis://127.0.0.1:6379' };

function fleetOf(env: Record<string, string>, ...argv: string[]) {
  const settings = settingsFrom(env, argv);
  const ports = portsFrom(portClaims(settings).map(({ port }) => port));
  const stages = planFleet(settings, ports, SECRETS);
  return { settings, ports, stages, plans: stages.flat() };
}

describe('launcher settings', () => {
  it.each([
    [['--gateways', '0'], REDIS, '--gateways'],
    [['--gateways', '17'], REDIS, '--gateways'],
    [['--gateways', 'two'], REDIS, '--gateways'],
    [['--gateways', '2'], {}, 'REDIS_URL: is required with --gateways above 1'],
    [['--instances', '2'], REDIS, '--instances'],
    [[], { LAUNCHER_PROT: '1' }, 'LAUNCHER_PROT: is not a known setting'],
    [[], { GATEWAY_PORT: 'http' }, 'GATEWAY_PORT'],
  ])('refuses %j %j', (argv, env, reason) => {
    expect(() => settingsFrom(env, argv)).toThrow(reason);
  });

  it('gives each gateway its own ports and instance id', () => {
    const { stages } = fleetOf(REDIS, '--gateways', '2');
    expect(
      stages[2]?.map(({ name, env }) => [
        name,
        env.GATEWAY_PORT,
        env.GATEWAY_MANAGEMENT_PORT,
        env.GATEWAY_INSTANCE_ID,
      ]),
    ).toEqual([
      ['gateway-1', '8081', '9081', 'gateway-1'],
      ['gateway-2', '8082', '9082', 'gateway-2'],
    ]);
  });

  it('starts config-center first and gateways last', () => {
    const names = fleetOf({}).stages.map((stage) => stage.map(({ name }) => name));
    expect(names).toEqual([['config-center'], ['token-count', 'mock-llm'], ['gateway-proxy']]);
  });

  it('hands secrets only to the processes that need them and passes the rest on', () => {
    const env = { DATABASE_URL: 'mysql://u:long-password@db/x', LOG_LEVEL: 'debug', ...REDIS };
    const told = fleetOf(env).plans.map(({ name, env: child }) => [
      name,
      ['MASTER_KEY', 'GATEWAY_SERVICE_CREDENTIAL', 'DATABASE_URL', 'REDIS_URL'].filter(
        (variable) => child[variable] !== undefined,
      ).length,
      child.LOG_LEVEL,
    ]);
    expect(told).toEqual([
      ['config-center', 4, 'debug'],
      ['token-count', 1, 'debug'],
      ['mock-llm', 0, 'debug'],
      ['gateway-proxy', 3, 'debug'],
    ]);
  });

  it('tells all where to listen, and callers of the token service what to show', () => {
    const told = fleetOf({ SERVER_HOST: '0.0.0.0' }).plans.map(({ name, env }) => [
      name,
      env.SERVER_HOST,
      env.TOKEN_SERVICE_CREDENTIAL,
    ]);
    expect(told).toEqual([
      ['config-center', '0.0.0.0', undefined],
      ['token-count', '0.0.0.0', 'another-credential'],
      ['mock-llm', undefined, undefined],
      ['gateway-proxy', '0.0.0.0', 'another-credential'],
    ]);
  });

  it.each([
    ['0.0.0.0', 'http://127.0.0.1:8001'],
    ['10.0.0.5', 'http://10.0.0.5:8001'],
    ['::1', 'http://[::1]:8001'],
  ])('reaches processes that listen on %s at %s', (SERVER_HOST, url) => {
    expect(fleetOf({ SERVER_HOST }).plans.at(-1)?.env.CONFIG_CENTER_URL).toBe(url);
  });

  it('serves anonymous requests by default only on a loopback host', () => {
    const anonymous = (env: Record<string, string>) =>
      fleetOf(env).plans.at(-1)?.env.GATEWAY_ALLOW_ANONYMOUS;
    expect([
      anonymous({}),
      anonymous(REDIS),
      anonymous({ SERVER_HOST: '0.0.0.0' }),
      anonymous({ ...REDIS, SERVER_HOST: '10.0.0.5' }),
      anonymous({ SERVER_HOST: '0.0.0.0', GATEWAY_ALLOW_ANONYMOUS: 'true' }),
      anonymous({ GATEWAY_ALLOW_ANONYMOUS: 'false' }),
    ]).toEqual(['true', 'true', 'false', 'false', 'true', 'false']);
  });
});

describe('welcome block', () => {
  it('shows the one-time password and a line that works as printed', () => {
    const { settings, ports } = fleetOf({});
    const text = welcomeLines(settings, ports, ['bootstrap: admin password 1234']).join('\n');
    expect(text).toContain('bootstrap: admin password 1234');
    expect(text).toContain('GATEWAY_ALLOW_ANONYMOUS=true');
    expect(text).toContain(
      `curl http://127.0.0.1:8081/v1/chat/completions -H 'content-type: application/json' -d '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Hello"}]}'`,
    );
  });

  it('says how to make an API key where anonymous requests are refused', () => {
    const { settings, ports } = fleetOf({ SERVER_HOST: '0.0.0.0' });
    const text = welcomeLines(settings, ports, []).join('\n');
    expect(text).toContain('curl http://127.0.0.1:8001/api/v1/api-keys');
    expect(text).toContain('Bearer <API key>');
  });
});

describe('claimPorts', () => {
  it('names both variables that claim one port, and one that leads too high', async () => {
    const claims = [
      { variable: 'A_PORT', port: 65_536 },
      { variable: 'B_PORT', port: 65_537 },
      { variable: 'C_PORT', port: 65_537 },
    ];
    await expect(claimPorts(claims)).rejects.toThrow(
      /A_PORT: leads to port 65536[^]*B_PORT: leads[^]*C_PORT/,
    );
  });
});
