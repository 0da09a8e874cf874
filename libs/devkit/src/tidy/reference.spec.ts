/** docs/reference and `.env.example` against the code, in both directions. */
import { describe, expect, it } from 'vitest';
import { generatedBlocks, markdownTable, updateIfAsked } from './generated-block.js';
import { codeSpans, section, tableRows } from './markdown.js';
import { metricsOf, metricsTable } from './metric-docs.js';
import { exists, loadModule, projectFolders, readJson, readText, textFiles } from './repository.js';
import { envExample, settingsTable, variablesOf, type SettingsSpecLike } from './setting-docs.js';

interface ErrorEntry {
  code?: string;
  status: number;
  type?: string;
  anthropicType?: string;
  retryable: boolean;
  level: string;
  message: string;
}

interface Contracts {
  CLIENT_ERRORS: Record<string, ErrorEntry>;
  ADMIN_ERRORS: Record<string, ErrorEntry>;
}

function expectBlocks(path: string, expected: ReadonlyMap<string, string>): void {
  updateIfAsked(path, expected);
  expect(Object.fromEntries(generatedBlocks(path))).toEqual(Object.fromEntries(expected));
}

const yesNo = (value: boolean): string => (value ? 'yes' : 'no');

describe('docs/reference/errors.md', () => {
  it('holds both error tables as they are in contracts', async () => {
    const { CLIENT_ERRORS, ADMIN_ERRORS } = await loadModule<Contracts>(
      'libs/contracts/src/index.ts',
    );
    const clientRows = Object.entries(CLIENT_ERRORS).map(([reason, entry]) => [
      `\`${entry.code ?? ''}\``,
      String(entry.status),
      `\`${reason}\``,
      `\`${entry.type ?? ''}\``,
      `\`${entry.anthropicType ?? ''}\``,
      yesNo(entry.retryable),
      entry.level,
      entry.message,
    ]);
    const adminRows = Object.entries(ADMIN_ERRORS).map(([code, entry]) => [
      `\`${code}\``,
      String(entry.status),
      yesNo(entry.retryable),
      entry.level,
      entry.message,
    ]);
    const types = ['`error.type` (OpenAI)', '`error.type` (Anthropic)'];
    const client = ['code', 'status', 'reason', ...types, 'retry', 'log', 'message'];
    expectBlocks(
      'docs/reference/errors.md',
      new Map([
        ['client-errors', markdownTable(client, clientRows)],
        ['admin-errors', markdownTable(['code', 'status', 'retry', 'log', 'message'], adminRows)],
      ]),
    );
  });
});

async function settingsSpecs(): Promise<Map<string, SettingsSpecLike>> {
  const specs = new Map<string, SettingsSpecLike>();
  for (const folder of projectFolders()) {
    const path = `${folder}/src/settings.ts`;
    if (!folder.startsWith('apps/') || !exists(path)) continue;
    const { settingsSpec } = await loadModule<{ settingsSpec?: SettingsSpecLike }>(path);
    if (settingsSpec === undefined) throw new Error(`${path} exports no settingsSpec`);
    specs.set(folder.slice('apps/'.length), settingsSpec);
  }
  return specs;
}

describe('settings', () => {
  it('stand in docs/reference/settings.md with default and meaning', async () => {
    const specs = await settingsSpecs();
    const tables = [...specs].map(([app, spec]) => [app, settingsTable(spec)] as const);
    expectBlocks('docs/reference/settings.md', new Map(tables));
  });

  it('stand in .env.example', async () => {
    const specs = await settingsSpecs();
    expectBlocks('.env.example', new Map([['settings', envExample(specs)]]));
  });

  it('have a meaning each', async () => {
    const silent = [...(await settingsSpecs())].flatMap(([app, spec]) =>
      variablesOf(spec)
        .filter(({ meaning }) => meaning === '')
        .map(({ name }) => `${app}: ${name}`),
    );
    expect(silent).toEqual([]);
  });
});

describe('docs/reference/redis-keys.md', () => {
  it('lists exactly the keys that contracts builds', async () => {
    const path = 'libs/contracts/src/redis-keys.ts';
    const built = Object.values(await loadModule<Record<string, unknown>>(path)).flatMap(patterns);
    const rows = tableRows(section(readText('docs/reference/redis-keys.md'), 'Keys'));
    expect(rows.map(([key = '']) => codeSpans(key)[0]).sort()).toEqual(built.sort());
  });
});

/** Key patterns of a table of builders: each is called with the names of its own parameters. */
function patterns(table: unknown): string[] {
  return Object.values(table as Record<string, unknown>).flatMap((builder) => {
    if (typeof builder === 'string') return [builder];
    if (typeof builder !== 'function') return [];
    const names = /^\(?([^)=]*)\)?\s*=>/.exec(String(builder))?.[1] ?? '';
    const placeholders = names.split(',').map((name) => `<${name.trim()}>`);
    return [(builder as (...values: string[]) => string)(...placeholders)];
  });
}

describe('docs/reference/metrics.md', () => {
  it('holds every metric that the code registers', () => {
    const tables = projectFolders().flatMap((folder) => {
      if (folder === 'libs/devkit') return [];
      const entries = textFiles()
        .filter((path) => path.startsWith(`${folder}/src/`) && /(?<!\.spec)\.ts$/.test(path))
        .flatMap((path) => metricsOf(readText(path)));
      const name = folder.split('/').at(-1) ?? '';
      return entries.length === 0 ? [] : [[name, metricsTable(entries)] as const];
    });
    expectBlocks('docs/reference/metrics.md', new Map(tables));
  });
});

describe('docs/reference/capabilities.md', () => {
  const rows = tableRows(readText('docs/reference/capabilities.md'));
  const { scripts } = readJson<{ scripts: Record<string, string> }>('package.json');

  const isShown = (proof: string): boolean => {
    const command = /^npm (?:run )?([a-z:]+)/.exec(proof)?.[1];
    return command === undefined ? exists(proof) : command in scripts;
  };

  it.each(rows)('%s: is shown by a test or a command that exists', (...cells) => {
    const proofs = codeSpans(cells.at(-1) ?? '');
    expect(proofs.length).toBeGreaterThan(0);
    expect(proofs.filter((proof) => !isShown(proof))).toEqual([]);
  });
});
