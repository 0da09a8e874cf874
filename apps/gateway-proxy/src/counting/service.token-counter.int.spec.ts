import { aMatcher, aModel, aNamespace, aRule, aTarget, anUpstream } from '@ai-gateway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type RunningGateway } from '../gateway.fixture.js';
import { ScriptedUpstream, answerChat, type Script } from '../upstream.fixture.js';

let upstream: ScriptedUpstream;
let tokenService: ScriptedUpstream;
let gateway: RunningGateway;

const counts =
  (input: number): Script =>
  (_req, res) => {
    const tokens = { input, output: 0, total: input };
    res.end(
      JSON.stringify({ tokens, model: 'gpt-4o-mini', method: 'exact', encoding: 'o200k_base' }),
    );
  };

beforeEach(async () => {
  upstream = await ScriptedUpstream.start();
  tokenService = await ScriptedUpstream.start(counts(5));
  const rule_config = { max_input_tokens_per_request: 40 };
  gateway = await startGateway(
    {
      namespace: [aNamespace()],
      matcher: [aMatcher()],
      upstream: [anUpstream()],
      target: [aTarget({ url: upstream.url })],
      model: [aModel()],
      rule: [aRule({ rule_type: 'token_limit', rule_config })],
    },
    {
      TOKEN_SERVICE_URL: tokenService.url,
      TOKEN_SERVICE_CREDENTIAL: 'token-service-credential',
      USE_PRECISE_TOKEN_CALCULATION: 'true',
    },
  );
});
afterEach(async () => {
  await gateway.close();
  await upstream.close();
  await tokenService.close();
});

/** Larger than the cap by its bytes, so that only a count can decide. */
const ask = async (words = 20): Promise<number> => {
  const messages = [{ role: 'user', content: 'hello '.repeat(words) }];
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', channelcode: 'wechat' },
    body: JSON.stringify({ model: 'gpt-4o-mini', messages }),
  });
  await response.text();
  return response.status;
};

describe('the token service', () => {
  it('decides where the bound does not, and is told who asks', async () => {
    expect(await ask()).toBe(200);
    expect(tokenService.last.headers.authorization).toBe('Bearer token-service-credential');
    tokenService.next(counts(41));
    expect(await ask()).toBe(400);
  });

  it.each([
    ['fails', answerChat('{}', 500)],
    ['answers something else', answerChat('{"tokens":-1}')],
    ['says nothing', () => undefined],
  ] as [string, Script][])('is done without when it %s', async (_name, script) => {
    tokenService.next(script);
    expect(await ask()).toBe(200);
    expect(await ask(100)).toBe(400);
  });

  it('is left alone for a while after it has failed repeatedly', async () => {
    tokenService.next(answerChat('{}', 500));
    for (let turn = 0; turn < 8; turn += 1) await ask();
    expect(tokenService.received).toHaveLength(5);
    expect(gateway.log.some(({ message }) => message.startsWith('token service fails'))).toBe(true);
  });
});
