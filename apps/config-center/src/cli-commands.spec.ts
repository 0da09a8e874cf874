import 'reflect-metadata';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, createRegistry } from '@ai-gateway/node-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testSettings } from './admin-api-client.contract.js';
import { COMMANDS, UsageError, usage } from './cli-commands.js';
import { createApp } from './create-app.js';

const settings = testSettings();
const dir = mkdtempSync(join(tmpdir(), 'cli-'));

function prepare(...args: string[]) {
  const command = COMMANDS.find(({ words }) => words.every((word, at) => args[at] === word));
  if (command === undefined) throw new UsageError();
  return command.prepare(args.slice(command.words.length));
}

/** As `cli.ts` does it, with the real guard. */
async function run(...args: string[]): Promise<{ code: number; out: string }> {
  const work = prepare(...args);
  const logger = createLogger({ name: 'test', level: 'error' });
  const options = { ...settings, backupDir: join(dir, 'backups') };
  const app = await createApp({ settings: options, logger, registry: createRegistry() });
  let out = '';
  try {
    const code = await work(app, (text) => (out += text));
    return { code, out };
  } finally {
    await app.close();
  }
}

describe('the command line', () => {
  const file = join(dir, 'configuration.yaml');
  beforeAll(() => {
    writeFileSync(
      file,
      'format: ai-gateway/config/v1\nnamespaces:\n  - {namespace_code: a, namespace_name: a}\n',
    );
  });
  afterAll(() => {
    for (const folder of [dir, settings.dataDir]) rmSync(folder, { recursive: true });
  });

  it.each([
    [['import']],
    [['import', 'a', 'b']],
    [['export', '--format', 'xml']],
    [['export', 'file']],
    [['restore', 'file', '--replace']],
    [['audit', 'forge']],
  ])('does not understand %j', (args) => {
    expect(() => prepare(...args)).toThrow(UsageError);
  });

  it('says how it is used', () => {
    for (const { words } of COMMANDS) expect(usage()).toContain(`  ${words.join(' ')}`);
  });

  it('imports, exports, backs up and restores as the system, past the guard', async () => {
    const imported = await run('import', file);
    expect([imported.code, JSON.parse(imported.out)]).toMatchObject([
      0,
      { summary: { create: 1 } },
    ]);
    const backup = await run('backup');
    expect(backup.out).toMatch(/backups\/config-.*-r1\.json\.gz\n$/);
    writeFileSync(file, 'format: ai-gateway/config/v1\n');
    const emptied = await run('import', file, '--replace');
    expect(JSON.parse(emptied.out)).toMatchObject({ summary: { delete: 1 } });
    const restored = await run('restore', backup.out.trim());
    expect(JSON.parse(restored.out)).toMatchObject({ revision: 3, summary: { create: 1 } });
    expect((await run('export')).out).toContain('namespace_code: a\n');
    expect((await run('audit', 'verify')).code).toBe(0);
  });

  it('fails with the report when an import is refused', async () => {
    writeFileSync(file, 'format: ai-gateway/config/v1\nnonsense: 1\n');
    const { code, out } = await run('import', file);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ applied: false, lines: [{ line: 2 }] });
  });
});
