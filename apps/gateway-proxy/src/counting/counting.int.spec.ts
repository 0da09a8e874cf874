/** Counting within a gateway: by published rules, on threads, compared with what upstreams report. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { driftReportSchema } from '@ai-gateway/contracts';
import {
  aMatcher,
  aModel,
  aNamespace,
  aRule,
  aTarget,
  aTokenRule,
  anUpstream,
} from '@ai-gateway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type Configuration, type RunningGateway } from '../gateway.fixture.js';
import { ScriptedUpstream, answerChat } from '../upstream.fixture.js';

const MEGABYTE = 1_048_576;

let upstream: ScriptedUpstream;
let tokenService: ScriptedUpstream;
let gateway: RunningGateway;

const answerUsage = (prompt_tokens: number) =>
  answerChat(
    JSON.stringify({
      choices: [{ message: { role: 'assistant', content: 'x' } }],
      usage: { prompt_tokens, completion_tokens: 1, total_tokens: prompt_tokens + 1 },
    }),
  );

const configuration = (cap: number, more: Configuration = {}): Configuration => ({
  namespace: [aNamespace()],
  matcher: [aMatcher()],
  upstream: [anUpstream()],
  target: [aTarget({ url: upstream.url })],
  model: [aModel()],
  rule: [aRule({ rule_type: 'token_limit', rule_config: { max_input_tokens_per_request: cap } })],
  ...more,
});

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
  tokenService = await ScriptedUpstream.start((_req, res) => {
    res.statusCode = 202;
    res.end('{"accepted":1}');
  });
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
  await tokenService.close();
});

const ask = async (content: unknown) => {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', channelcode: 'wechat' },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content }] }),
  });
  await response.text();
  return response.status;
};

describe('a published rule', () => {
  it('decides how tokens are counted from the moment it arrives', async () => {
    gateway = await startGateway(configuration(40));
    const prompt = 'hello '.repeat(20);
    expect(await ask(prompt)).toBe(200);
    expect(gateway.records().at(-1)).toMatchObject({ count_method: 'exact' });
    const overheads = { per_message: 30, per_name: 0, per_request: 0, per_tool: 0 };
    const token_rule = [aTokenRule({ model_pattern: 'gpt-4o*', overheads })];
    await gateway.publish(configuration(40, { token_rule }));
    expect(await ask(prompt)).toBe(400);
    await gateway.publish(configuration(40));
    expect(await ask(prompt)).toBe(200);
  });

  it('of a vocabulary that is not here counts as an estimate', async () => {
    const token_rule = [aTokenRule({ model_pattern: 'gpt-4o*', encoding: 'nobody-has-it' })];
    gateway = await startGateway(configuration(40, { token_rule }));
    expect(await ask('hello '.repeat(20))).toBe(200);
    expect(gateway.records().at(-1)).toMatchObject({ count_method: 'estimate' });
  });
});

describe('large prompts', () => {
  it.each(['漢', 'a', ' ', 'QUJDRA==', '👩\u200d', 'Z\u0351\u0302', '<|endoftext|>'])(
    'of a megabyte of %j hold up nobody else',
    async (unit) => {
      gateway = await startGateway(configuration(1000));
      const content = unit.repeat(Math.floor(MEGABYTE / Buffer.byteLength(unit)));
      const delay = monitorEventLoopDelay({ resolution: 1 });
      await ask('warm');
      delay.enable();
      const [status] = await Promise.all([ask(content), ask('small')]);
      delay.disable();
      expect([200, 400]).toContain(status);
      expect(delay.percentile(99) / 1e6).toBeLessThan(60);
    },
  );

  it('beyond what threads can take are charged by their bound, and all are answered', async () => {
    gateway = await startGateway(
      configuration(10 * MEGABYTE, {
        rule: [
          aRule({ rule_type: 'token_limit', rule_config: { max_input_tokens_per_request: 100 } }),
        ],
      }),
    );
    const content = '漢'.repeat(MEGABYTE / 8);
    const statuses = await Promise.all(Array.from({ length: 40 }, () => ask(content)));
    expect(new Set(statuses)).toEqual(new Set([400]));
    expect(await ask('hello')).toBe(200);
  }, 30_000);
});

describe('drift', () => {
  const withService = () => ({ TOKEN_SERVICE_URL: tokenService.url });

  it('is told to the token service in batches, and shown in a histogram', async () => {
    gateway = await startGateway(configuration(40), withService());
    upstream.next(answerUsage(25));
    const prompt = 'hello '.repeat(20);
    expect(await ask(prompt)).toBe(200);
    expect(await ask(prompt)).toBe(200);
    await gateway.idle();
    expect(await gateway.metric('gateway_token_drift_ratio_count{model="gpt-4o-mini"}')).toBe(2);
    while (tokenService.received.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { samples } = driftReportSchema.parse(JSON.parse(tokenService.last.body.toString()));
    expect(samples).toHaveLength(2);
    expect(samples[0]).toMatchObject({ model: 'gpt-4o-mini', method: 'exact', reported: 25 });
  });

  it('is sampled where nothing had to be counted, and never of images', async () => {
    gateway = await startGateway(configuration(MEGABYTE), withService());
    upstream.next(answerUsage(9));
    for (let turn = 0; turn < 5; turn += 1) expect(await ask('hello')).toBe(200);
    await ask([{ type: 'image_url', image_url: { url: 'https://x.example/a.png' } }]);
    await gateway.idle();
    const series = 'gateway_token_drift_ratio_count{model="gpt-4o-mini"}';
    while ((await gateway.metric(series)) === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await gateway.metric(series)).toBeLessThan(3);
  });

  it('is forgotten, not kept, while the token service is away', async () => {
    gateway = await startGateway(configuration(40), { TOKEN_SERVICE_URL: 'http://127.0.0.1:9' });
    upstream.next(answerUsage(25));
    for (let turn = 0; turn < 3; turn += 1) expect(await ask('hello '.repeat(20))).toBe(200);
    while (!gateway.log.some(({ message }) => message.startsWith('drift of counts'))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await ask('hello')).toBe(200);
  });
});
