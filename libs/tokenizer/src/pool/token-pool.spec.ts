import { afterEach, describe, expect, it } from 'vitest';
import { countRequest, ModelRules, BUILT_IN_MODELS, type PoolOutcome } from '../index.js';
import { loadEncoding } from '../encoding.registry.js';
import { estimatedTokens } from './budgeted-count.js';
import { TokenPool, type TokenPoolOptions } from './token-pool.js';

const MEGABYTE = 1_048_576;
const PROSE = 'The quick brown fox jumps over the lazy dog, again and again. ';

let pool: TokenPool;
afterEach(() => pool.close());

const start = (options: TokenPoolOptions = {}) =>
  (pool = new TokenPool({ threads: 1, ...options }));
const ask = (prompt: string, budgetMs = 20_000, model = 'gpt-4o'): Promise<PoolOutcome> =>
  pool.count({
    body: { model, prompt },
    rule: BUILT_IN_MODELS.ruleOf(model),
    budgetMs,
    units: prompt.length,
  });
/** A program for threads, as text. */
const program = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);

describe('the pool', () => {
  it('counts as the library does in this thread', async () => {
    start();
    const prompt = PROSE.repeat(200);
    const outcome = await ask(prompt);
    expect(outcome).toEqual({
      status: 'counted',
      answer: countRequest({ model: 'gpt-4o', prompt }),
    });
  });

  it('tells which vocabularies it cannot load, and counts by the others', async () => {
    start();
    expect(await pool.load(['o200k_base', 'nobody-has-it'])).toEqual({
      'nobody-has-it': 'is not known',
    });
    expect((await ask('hello')).status).toBe('counted');
    const broken = { ...BUILT_IN_MODELS.fallback, encoding: 'nobody-has-it' as 'qwen2' };
    const rule = new ModelRules([], broken).fallback;
    const body = { model: 'x', prompt: 'x' };
    expect(await pool.count({ body, rule, budgetMs: 5000, units: 1 })).toMatchObject({
      status: 'failed',
    });
    expect((await ask('hello')).status).toBe('counted');
  });

  it('says that a count is an estimate whose time was over, and errs high', async () => {
    start();
    await pool.load(['o200k_base']);
    const prompt = PROSE.repeat(MEGABYTE / PROSE.length);
    const exact = countRequest({ model: 'gpt-4o', prompt }).tokens.input;
    const outcome = await ask(prompt, 3);
    expect(outcome).toMatchObject({ status: 'counted', answer: { method: 'estimate' } });
    const tokens = outcome.status === 'counted' ? outcome.answer.tokens.input : 0;
    expect(tokens).toBeGreaterThan(exact * 0.95);
    expect(tokens).toBeLessThan(exact * 1.25);
  });

  it('gives up what a thread does not answer in time, and does not send what waited too long', async () => {
    const silent = program(
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => {})',
    );
    start({ entry: silent });
    const outcomes = await Promise.all([ask('x', 30), ask('y', 30)]);
    expect(outcomes).toEqual([{ status: 'over_budget' }, { status: 'over_budget' }]);
    expect(pool.queued).toBe(0);
  });

  it('refuses what does not fit into its queue', async () => {
    const silent = program(
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => {})',
    );
    start({ entry: silent, maxQueued: 2, maxQueuedUnits: 90_000 });
    const large = 'x'.repeat(40_000);
    const first = ask(large, 50);
    const waiting = [ask(large, 50), ask(large, 50)];
    expect(await ask(large, 50)).toEqual({ status: 'overloaded' });
    await Promise.all([first, ...waiting]);
  });

  it('answers short texts while it counts a long one', async () => {
    start();
    await pool.load(['o200k_base']);
    const ended: string[] = [];
    const long = ask('a'.repeat(MEGABYTE)).then(() => ended.push('long'));
    for (let turn = 0; turn < 3; turn += 1) {
      await ask('short');
      ended.push('short');
    }
    await long;
    expect(ended).toEqual(['short', 'short', 'short', 'long']);
  });

  it('replaces a thread that died, and fails only what that one was doing', async () => {
    const gone: Error[] = [];
    const mortal = program(`import { parentPort } from "node:worker_threads";
      parentPort.on("message", ({ id, body }) => {
        if (body.prompt === "die") process.exit(7);
        parentPort.postMessage({ id, answer: { tokens: { input: 1 } } });
      });`);
    start({ entry: mortal, onThreadGone: (error) => gone.push(error) });
    const died = await ask('die');
    const lived = await ask('live');
    expect(died).toMatchObject({ status: 'failed' });
    expect(lived).toMatchObject({ status: 'counted' });
    expect(gone).toHaveLength(1);
  });

  it('refuses everything once it is closed', async () => {
    start();
    await pool.close();
    expect(await ask('x')).toEqual({ status: 'overloaded' });
  });
});

describe('the estimate', () => {
  const encoding = loadEncoding('o200k_base');

  it.each(['漢字仮名', 'a', ' ', '👩\u200d🚀', '\u0301e', 'QUJD', '{"a":[1,2]}', PROSE])(
    'of %j is at most a quarter too high and never below',
    (unit) => {
      start();
      const text = unit.repeat(Math.ceil(100_000 / unit.length));
      const exact = encoding.count(text).tokens;
      for (const random of [() => 0, () => 0.5, () => 0.999]) {
        const estimated = estimatedTokens(encoding, text, random);
        expect(estimated).toBeGreaterThanOrEqual(exact * 0.95);
        expect(estimated).toBeLessThanOrEqual(Math.max(exact * 1.25, exact + 600));
      }
    },
  );
});
