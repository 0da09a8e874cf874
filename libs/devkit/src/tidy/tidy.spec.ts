/** What no compiler and no linter looks at: the shape of projects, file names, leftovers, links. */
import { dirname, join } from 'node:path/posix';
import { describe, expect, it } from 'vitest';
import { anchors, linkTargets } from './markdown.js';
import { exists, projectFolders, readJson, readText, textFiles } from './repository.js';

const PLANES = ['control', 'data', 'shared', 'tool'];
const TYPES = [
  'app',
  'contract',
  'engine',
  'adapter',
  'framework',
  'testing',
  'tooling',
  'harness',
  'web',
];
const SCOPE = '@ai-gateway/';

interface PackageFile {
  name: string;
  nx: { tags: string[] };
  scripts: Record<string, string>;
  exports?: unknown;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const folderName = (folder: string): string => folder.split('/')[1] ?? '';

describe.each(projectFolders())('project %s', (folder) => {
  const file = readJson<PackageFile>(`${folder}/package.json`);

  it('is tagged once on both axes', () => {
    const axes = file.nx.tags.map((tag) => tag.split(':') as [string, string]);
    expect(axes.map(([axis]) => axis).sort()).toEqual(['plane', 'type']);
    for (const [axis, value] of axes) expect(axis === 'plane' ? PLANES : TYPES).toContain(value);
  });

  it('has the same package file as every other', () => {
    expect(file).toMatchObject({
      name: `${SCOPE}${folderName(folder)}`,
      version: readJson<{ version: string }>('package.json').version,
      private: true,
      license: 'MIT',
      type: 'module',
    });
    expect(Object.keys(file.scripts)).toContain('build');
    const library = {
      '.': {
        '@ai-gateway/source': './src/index.ts',
        types: './dist/index.d.ts',
        default: './dist/index.js',
      },
    };
    expect(file.exports).toEqual(folder.startsWith('libs/') ? library : undefined);
  });

  it.runIf(exists(`${folder}/tsconfig.json`))('builds after the projects it depends on', () => {
    const { references = [] } = readJson<{ references?: { path: string }[] }>(
      `${folder}/tsconfig.json`,
    );
    const referenced = references.map(({ path }) => path.split('/').at(-1));
    const depended = Object.keys(file.dependencies ?? {})
      .filter((name) => name.startsWith(SCOPE))
      .map((name) => name.slice(SCOPE.length));
    expect(referenced.sort()).toEqual(depended.sort());
  });
});

describe('the repository', () => {
  const files = textFiles();
  const sources = files.filter((path) => /^(apps|libs)\//.test(path));

  it('has at most 12 npm scripts', () => {
    const { scripts } = readJson<PackageFile>('package.json');
    expect(Object.keys(scripts).length).toBeLessThanOrEqual(12);
  });

  it('names files for their subject', () => {
    const vague = /(^|\/)(utils?|helpers?|common|misc)(\/|\.|$)|[.-](utils?|helpers?)\.[a-z]+$/;
    expect(sources.filter((path) => vague.test(path))).toEqual([]);
  });

  it('names files in kebab-case', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
    const code = sources.filter((path) => /\.(ts|mjs|lua)$/.test(path));
    expect(code.filter((path) => !kebab.test(path.split('/').at(-1) ?? ''))).toEqual([]);
  });

  it('has no leftover marks of unfinished work', () => {
    const marks = new RegExp(
      `\\b(${['FIX' + 'ME', 'TO' + 'DO', 'X'.repeat(3), 'HA' + 'CK'].join('|')})\\b`,
    );
    expect(files.filter((path) => marks.test(readText(path)))).toEqual([]);
  });

  it('names no folder of the machine it was written on', () => {
    const machine = /(?<![\w.-])\/(work\/|root\/|home\/(?!node\b)\w|Users\/)|[A-Z]:\\Users/;
    expect(files.filter((path) => machine.test(readText(path)))).toEqual([]);
  });

  it('keeps files short', () => {
    const lines = (path: string): number => readText(path).split('\n').length - 1;
    const cap = (path: string): number => (/\.(spec|contract)\.ts$/.test(path) ? 600 : 400);
    const code = sources.filter((path) => /\.(ts|tsx|mjs|lua|sh)$/.test(path));
    expect(code.filter((path) => lines(path) > cap(path))).toEqual([]);
  });

  it('has documents whose links lead somewhere', () => {
    const broken = files
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) =>
        linkTargets(readText(path))
          .filter((target) => !/^[a-z]+:/.test(target) && !resolves(path, target))
          .map((target) => `${path}: ${target}`),
      );
    expect(broken).toEqual([]);
  });
});

function resolves(from: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? from : join(dirname(from), path);
  if (!exists(file)) return false;
  return anchor === undefined || !file.endsWith('.md') || anchors(readText(file)).has(anchor);
}
