/** Several gateways and config-centers on one MariaDB and one Redis: what they share, and what they survive. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from './eventually.js';
import { Installation, healthOf, revisionOf, type RunningGateway } from './installation.js';
import { Load, chat } from './load.js';

const perMinute = (max_requests_per_minute: number) => ({
  rule_name: `${max_requests_per_minute} a minute`,
  rule_type: 'request_limit',
  rule_config: { max_requests_per_minute },
});
const MANY = 1_000_000;
const limitOf = (headers: Headers): number => Number(headers.get('x-ratelimit-limit-requests'));
const isDegraded = (headers: Headers): boolean => headers.get('x-gateway-degraded') === 'limits';

let installation: Installation;
let earlyGateway: RunningGateway;
let urls: string[];

beforeAll(async () => {
  installation = await Installation.prepare({ mysqlUrl: inject('mysqlUrl') });
});
afterAll(() => installation.stop());

describe('a gateway that starts before the control plane', () => {
  it('refuses what it cannot decide and says so to the balancer', async () => {
    earlyGateway = await installation.launchGateway();
    const refused = await chat(earlyGateway.url);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('x-gateway-error')).toBe('config_not_ready');
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await fetch(`${earlyGateway.managementUrl}/readyz`)).status).toBe(503);
    expect((await fetch(`${earlyGateway.managementUrl}/livez`)).status).toBe(200);
  });

  it('takes traffic by itself within 3 s of the control plane’s start', async () => {
    await installation.startControlPlane();
    const readyAfter = performance.now();
    await eventually('the early gateway serves', async () =>
      (await chat(earlyGateway.url)).status === 200 ? true : null,
    );
    expect(performance.now() - readyAfter).toBeLessThan(3000);
    const second = await installation.startGateway();
    urls = [earlyGateway.url, second.url];
  });
});

describe('two gateways', () => {
  it('apply a rule changed by REST within 1 s under load, and no request fails or sees a mixture', async () => {
    const { headers, ruleIds } = await installation.tenant('changing', [perMinute(MANY)]);
    const load = new Load({ urls, headers });
    await load.more(50);
    const changes: { revision: number; limit: number }[] = [];
    for (let change = 1; change <= 5; change += 1) {
      const limit = MANY + change;
      const { revision } = await installation.admin.write('PUT', `/api/v1/rules/${ruleIds[0]}`, {
        rule_config: { max_requests_per_minute: limit },
      });
      const writtenAt = performance.now();
      changes.push({ revision, limit });
      for (const url of urls) {
        const sample = await load.first(
          `revision ${revision} in an answer of ${url}`,
          (each) => each.url === url && each.revision >= revision,
        );
        expect(sample.endedAt - writtenAt).toBeLessThan(1000);
      }
    }
    expect(await load.stop()).toEqual([]);
    for (const { revision, headers: answered } of load.samples) {
      const running = changes.findLast((change) => change.revision <= revision);
      expect(limitOf(answered)).toBe(running?.limit ?? MANY);
    }
  });

  it('admit exactly 100 of 300 concurrent requests where 100 a minute are shared', async () => {
    const { headers } = await installation.tenant('shared', [perMinute(100)]);
    const samples = await Promise.all(
      Array.from({ length: 300 }, (_, n) => chat(urls[n % 2] ?? '', headers)),
    );
    const count = (status: number) => samples.filter((sample) => sample.status === status).length;
    expect([count(200), count(429)]).toEqual([100, 200]);
    const admittedBy = urls.map(
      (url) => samples.filter((sample) => sample.status === 200 && sample.url === url).length,
    );
    expect(Math.min(...admittedBy)).toBeGreaterThan(0);
  });

  it('hold a shared connection limit over streams of both', async () => {
    const { headers } = await installation.tenant('connections', [
      { rule_name: 'two', rule_type: 'connection_limit', rule_config: { max_connections: 2 } },
    ]);
    const open = await Promise.all(urls.map((url) => openStream(url, headers)));
    const refused = await chat(urls[0] ?? '', headers);
    expect(refused.status).toBe(429);
    await Promise.all(open.map((stream) => stream.cancel()));
    await eventually('the slots are free again', async () =>
      (await chat(urls[1] ?? '', headers)).status === 200 ? true : null,
    );
  });

  it('count tokens of both in one budget', async () => {
    const { headers } = await installation.tenant('tokens', [
      {
        rule_name: 'two hundred tokens',
        rule_type: 'token_limit',
        rule_config: { spans: [{ span_seconds: 600, max_total_tokens: 200 }] },
      },
    ]);
    const refused = await eventually('the budget is spent', async () => {
      for (const url of urls) {
        const sample = await chat(url, headers);
        if (sample.status !== 200) return sample;
      }
      return null;
    });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused.headers.get('x-ratelimit-limit-tokens')).toBe('200');
  });
});

describe('outages', () => {
  it('config-center killed: traffic goes on, changes go on after its return', async () => {
    const { headers, ruleIds } = await installation.tenant('headless', [perMinute(MANY)]);
    const load = new Load({ urls, headers });
    await load.more(20);
    await installation.configCenter.app.kill();
    await load.more(200);
    await installation.startControlPlane();
    const { revision } = await installation.admin.write('PUT', `/api/v1/rules/${ruleIds[0]}`, {
      rule_config: { max_requests_per_minute: MANY + 1 },
    });
    for (const url of urls) {
      await load.first(
        `the change at ${url}`,
        (each) => each.url === url && each.revision >= revision,
      );
    }
    expect(await load.stop()).toEqual([]);
  });

  it.each([
    ['killed', () => installation.redis.kill(), () => installation.redis.restart()],
    ['frozen', async () => installation.redis.freeze(), async () => installation.redis.resume()],
  ])(
    'Redis %s: traffic goes on with local limits and shares them again later',
    async (_how, take, give) => {
      const { headers } = await installation.tenant(`redis-${_how}`, [perMinute(MANY)]);
      const load = new Load({ urls, headers });
      await load.more(20);
      expect(load.samples.filter((sample) => isDegraded(sample.headers))).toEqual([]);
      await take();
      for (const url of urls) {
        await load.first(`${url} degraded`, (each) => each.url === url && isDegraded(each.headers));
      }
      const degraded = await Promise.all(installation.gateways.map(healthOf));
      expect(degraded.map(({ limits }) => limits)).toEqual(['degraded', 'degraded']);
      await load.more(100);
      await give();
      const givenAt = performance.now();
      for (const url of urls) {
        const back = (each: { url: string; endedAt: number; headers: Headers }): boolean =>
          each.url === url && each.endedAt > givenAt && !isDegraded(each.headers);
        await load.first(`${url} shared again`, back);
      }
      expect(await load.stop()).toEqual([]);
      const slowest = Math.max(...load.samples.map(({ durationMs }) => durationMs));
      expect(slowest).toBeLessThan(2000);
    },
  );

  it('an emptied Redis gets its copy of the configuration back', async () => {
    const { revision } = await installation.admin.createTenant('after-the-flood');
    await eventually('the copy agrees with the database', async () => {
      const { body } = await installation.admin.call('GET', '/stats');
      return body['redis_agrees'] === true && body['revision'] === revision ? true : null;
    });
  });

  it('SIGTERM: open streams finish, and nobody else notices', async () => {
    const leaving = await installation.startGateway();
    const stay = new Load({ urls });
    const streams = await Promise.all(
      Array.from({ length: 4 }, () => openStream(leaving.url, {}, { tokens: 30, delayMs: 40 })),
    );
    await stay.more(10);
    const ended = leaving.app.stop();
    await eventually('it asks the balancer for no more traffic', async () =>
      (await fetch(`${leaving.managementUrl}/readyz`)).status === 503 ? true : null,
    );
    await expect(fetch(`${leaving.url}/livez`)).rejects.toThrow();
    const texts = await Promise.all(streams.map((stream) => stream.rest()));
    for (const text of texts) expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    expect(await ended).toBe(0);
    expect(await stay.stop()).toEqual([]);
    installation.gateways.pop();
  });
});

describe('two config-centers on one database', () => {
  it('give every write its own revision without a gap, and both gateways converge', async () => {
    const second = await installation.startConfigCenter();
    const admins = [installation.admin, installation.admin.at(second.url)];
    const before = Math.max(...(await Promise.all(installation.gateways.map(revisionOf))));
    const writes = Array.from({ length: 30 }, (_, n) =>
      (admins[n % 2] ?? installation.admin).write('POST', '/api/v1/namespaces', {
        namespace_code: `converge-${n}`,
        namespace_name: '汇合',
      }),
    );
    const revisions = (await Promise.all(writes)).map(({ revision }) => revision);
    expect(revisions.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, n) => before + 1 + n),
    );
    await installation.applied(before + 30);
    await eventually('both say the same', async () => {
      const stats = await Promise.all(admins.map((admin) => admin.call('GET', '/stats')));
      const agree = stats.every(
        ({ body }) => body['redis_agrees'] === true && body['revision'] === before + 30,
      );
      return agree ? true : null;
    });
  });

  it('read what the other has written at once, and refuse a stale version', async () => {
    const second = await installation.startConfigCenter();
    const other = installation.admin.at(second.url);
    const { namespaceId } = await installation.admin.createTenant('two-editors');
    const path = `/api/v1/namespaces/${namespaceId}`;
    expect((await other.call('GET', path)).body['namespace_code']).toBe('two-editors');
    const change = (admin: typeof other, namespace_name: string) =>
      admin.call('PUT', path, { body: { namespace_name }, ifMatch: '"1"' });
    const answers = await Promise.all([change(installation.admin, 'a'), change(other, 'b')]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  });
});

interface OpenStream {
  /** All that is still to come, as text. */
  rest(): Promise<string>;
  cancel(): Promise<void>;
}

/** Resolves after the first bytes. */
async function openStream(
  url: string,
  headers: Record<string, string>,
  { tokens = 500, delayMs = 100 } = {},
): Promise<OpenStream> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-mock-tokens': String(tokens),
      'x-mock-chunk-delay-ms': String(delayMs),
      ...headers,
    },
    body: JSON.stringify({
      model: 'gpt-4o-mini',
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  });
  expect(response.status).toBe(200);
  const stream = response.body as ReadableStream<Uint8Array>;
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  await reader.read();
  return {
    cancel: () => reader.cancel(),
    rest: async () => {
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return text;
        text += value;
      }
    },
  };
}
