import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigSource } from '@ai-gateway/config-feed';
import type { ConfigFeed, TokenRuleConfig } from '@ai-gateway/contracts';
import { createLogger } from '@ai-gateway/node-runtime';
import { aNamespace, aTokenRule } from '@ai-gateway/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../settings.js';
import { RunningRules } from './running-rules.js';

const logger = createLogger({ name: 'test', level: 'error' });

/** Null: away. */
class ScriptedSource implements ConfigSource {
  readonly name = 'scripted';
  private onWake: () => void = () => undefined;

  constructor(private feed: ConfigFeed | null) {}

  publish(feed: ConfigFeed): void {
    this.feed = feed;
    this.onWake();
  }

  head() {
    return this.feed === null ? Promise.reject(new Error('away')) : Promise.resolve(this.feed);
  }

  changesSince() {
    return this.feed === null ? Promise.reject(new Error('away')) : Promise.resolve(this.feed);
  }

  subscribe(onWake: () => void): void {
    this.onWake = onWake;
  }

  close() {
    return Promise.resolve();
  }
}

const feedOf = (revision: number, ...rules: TokenRuleConfig[]): ConfigFeed => ({
  type: 'full',
  epoch: 'epoch-of-test',
  revision,
  changes: [
    { kind: 'namespace', id: 1, revision, value: aNamespace() },
    ...rules.map((value) => ({ kind: 'token_rule', id: value.token_rule_id, revision, value })),
  ],
});

let dataDir: string;
let rules: RunningRules;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'token-rules-'));
});
afterEach(async () => {
  await rules.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const start = async (source: ConfigSource | null) => {
  const settings = { ...readSettings({}), dataDir, sealingSecret: 'a-credential-of-our-own' };
  rules = new RunningRules(settings, logger, source === null ? [] : [source]);
  await rules.start();
};
const encodingOf = (model: string) => rules.models.find(model)?.encoding;

describe('the rules that run', () => {
  it('are the built-in ones without a source', async () => {
    await start(null);
    expect([rules.revision, encodingOf('gpt-4o'), encodingOf('own-model')]).toEqual([
      null,
      'o200k_base',
      undefined,
    ]);
  });

  it('follow what is published, in front of the built-in ones', async () => {
    const source = new ScriptedSource(feedOf(3, aTokenRule()));
    await start(source);
    expect([rules.revision, encodingOf('Own-Model-7b')]).toEqual([3, 'cl100k_base']);
    source.publish(feedOf(4, aTokenRule({ model_pattern: 'gpt-4o', encoding: 'p50k_base' })));
    while (rules.revision !== 4) await new Promise((resolve) => setTimeout(resolve, 5));
    expect([encodingOf('gpt-4o'), encodingOf('own-model')]).toEqual(['p50k_base', undefined]);
  });

  it('are the last known ones after a restart without any source', async () => {
    await start(new ScriptedSource(feedOf(3, aTokenRule())));
    await rules.close();
    await start(new ScriptedSource(null));
    expect([rules.revision, encodingOf('own-model')]).toEqual([3, 'cl100k_base']);
  });

  it('are the built-in ones when every source is away from the start', async () => {
    await start(new ScriptedSource(null));
    expect([rules.revision, encodingOf('gpt-4o')]).toEqual([null, 'o200k_base']);
  });
});
