/** Three gateways and who knows of them: the matrix, waiting until all have applied, a gateway lost. */
import { feedKeys, type Instance, type InstanceList } from '@ai-gateway/contracts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from './eventually.js';
import { Installation, type RunningGateway } from './installation.js';

let installation: Installation;

beforeAll(async () => {
  installation = await Installation.start({ mysqlUrl: inject('mysqlUrl'), gateways: 3 });
});
afterAll(() => installation.stop());

function gateway(id: string): RunningGateway {
  const found = installation.gateways.find(({ instanceId }) => instanceId === id);
  if (found === undefined) throw new Error(`${id} was not started`);
  return found;
}

const matrix = async (): Promise<InstanceList> =>
  (await installation.admin.call<InstanceList>('GET', '/api/v1/instances')).body;

const eventuallyIs = (
  what: string,
  holds: (instance: Instance) => boolean,
  id: string,
  timeoutMs?: number,
) =>
  eventually(
    what,
    async () => {
      const found = (await matrix()).items.find(({ instance_id }) => instance_id === id);
      return found !== undefined && holds(found) ? found : null;
    },
    timeoutMs,
  );

interface Change {
  value: { namespace_name: string };
}

const textOf = async (url: string): Promise<string> => (await fetch(url)).text();

let written = 0;
const write = (query: string) => {
  written += 1;
  const body = { namespace_code: `waited-${written}`, namespace_name: '等待' };
  return installation.admin.call('POST', `/api/v1/namespaces${query}`, { body });
};

const namesOf = (instances: readonly Instance[]) => instances.map(({ instance_id }) => instance_id);

describe('three gateways', () => {
  it('are shown with what they run, and that it is what the control plane has written', async () => {
    const { items, head } = await eventually('all three at the head', async () => {
      const seen = await matrix();
      const whole = seen.items.filter(
        ({ state, lag_revisions, digest_matches }) =>
          state === 'live' && lag_revisions === 0 && digest_matches === true,
      );
      return whole.length === 3 ? seen : null;
    });
    expect(namesOf(items)).toEqual(['gateway-1', 'gateway-2', 'gateway-3']);
    for (const instance of items) {
      expect(instance).toMatchObject({
        epoch: head?.epoch,
        revision: head?.revision,
        digest: head?.digest,
        config_source: 'redis',
        limits_mode: 'shared',
        nack_count: 0,
        id_conflict: false,
      });
      expect(instance.load.rss_bytes).toBeGreaterThan(10_000_000);
      expect(instance.address).toMatch(/^http:\/\/.+:\d+$/);
    }
    expect(new Set(items.map(({ address }) => address)).size).toBe(3);
    expect(new Set(items.map(({ process_id }) => process_id)).size).toBe(3);
  });

  it('have all applied a write when its answer comes', async () => {
    const { status, headers } = await write('?wait=applied&timeout=10s');
    expect([status, headers.get('x-config-applied')]).toEqual([201, '3/3']);
    const revision = Number(headers.get('x-config-revision'));
    expect((await matrix()).items.map((instance) => instance.revision)).toEqual(
      Array(3).fill(revision),
    );
  });

  it('report to any config-center: who reports to one is waited for at the other', async () => {
    const second = await installation.startConfigCenter();
    const body = { namespace_code: 'waited-elsewhere', namespace_name: '等待' };
    const { headers } = await installation.admin
      .at(second.url)
      .call('POST', '/api/v1/namespaces?wait=applied&timeout=10s', { body });
    expect(headers.get('x-config-applied')).toBe('3/3');
  });

  it('repair themselves when the copy they loaded was tampered with, and so is the copy', async () => {
    const { namespaceId } = await installation.tenant('tampered');
    const redis = new Redis(installation.redis.url);
    try {
      const field = `namespace:${namespaceId}`;
      const nameInCopy = async () =>
        (JSON.parse((await redis.hget(feedKeys.resources, field)) ?? '{}') as Change).value
          .namespace_name;
      const text = (await redis.hget(feedKeys.resources, field)) ?? '';
      const name = await nameInCopy();
      await redis.hset(
        feedKeys.resources,
        field,
        text.replace(`"namespace_name":"${name}"`, '"namespace_name":"not this name"'),
      );
      expect(await nameInCopy()).toBe('not this name');
      const fourth = await installation.startGateway();
      const repaired = ({ digest_matches }: Instance): boolean => digest_matches === true;
      await eventuallyIs('the misled one', repaired, fourth.instanceId);
      const metrics = await textOf(`${fourth.managementUrl}/metrics`);
      expect(metrics).toContain('gateway_config_reloads_total 1');
      await eventually('the copy is right again', async () =>
        (await nameInCopy()) === name ? true : null,
      );
      await fourth.app.stop();
    } finally {
      redis.disconnect();
    }
  });

  it('say by name who has not applied when one is frozen', async () => {
    const third = gateway('gateway-3');
    third.app.signal('SIGSTOP');
    try {
      const { status, headers } = await write('?wait=applied&timeout=1500ms');
      expect([status, headers.get('x-config-applied')]).toEqual([201, '2/3']);
      expect(headers.get('x-config-not-applied')).toBe('gateway-3');
    } finally {
      third.app.signal('SIGCONT');
    }
    await eventuallyIs('the thawed one', ({ lag_revisions }) => lag_revisions === 0, 'gateway-3');
  });

  it('show one that was killed as gone after 15 s, and no write waits for it any more', async () => {
    await gateway('gateway-3').app.kill();
    const killedAt = performance.now();
    const isGone = ({ state }: Instance): boolean => state === 'gone';
    await eventuallyIs('the killed one', isGone, 'gateway-3', 18_000);
    expect(performance.now() - killedAt).toBeGreaterThan(12_000);
    const { headers } = await write('?wait=applied&timeout=10s');
    expect(headers.get('x-config-applied')).toBe('2/2');
  });

  it('show one that ends in order as stopping at once', async () => {
    await gateway('gateway-2').app.stop();
    await eventuallyIs('the ended one', ({ state }) => state === 'stopping', 'gateway-2', 2_000);
    const { headers } = await write('?wait=applied&timeout=10s');
    expect(headers.get('x-config-applied')).toBe('1/1');
  });
});
