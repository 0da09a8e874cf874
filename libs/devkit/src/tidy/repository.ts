/** The repository as the tidy tests see it: text files by path, JSON files, modules by path. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

const SKIPPED_FOLDERS = new Set([
  'node_modules',
  'dist',
  'coverage',
  'data',
  '.git',
  '.nx',
  'test-results',
]);
const TEXT =
  /\.(ts|tsx|mjs|cjs|lua|sql|md|json|ya?ml|sh|html|css)$|^(run|Dockerfile|\.env\.example)$/;

/** Paths relative to the root, `/` as separator, sorted. */
export function textFiles(): string[] {
  return walk(ROOT)
    .map((path) => relative(ROOT, path).replaceAll('\\', '/'))
    .filter((path) => path !== 'package-lock.json')
    .sort();
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : walk(path);
    return entry.isFile() && TEXT.test(entry.name) ? [path] : [];
  });
}

export const exists = (path: string): boolean => existsSync(join(ROOT, path));

export const readText = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

export const readJson = <Shape>(path: string): Shape => JSON.parse(readText(path)) as Shape;

/** By path, because the tools of the repository depend on none of its projects. */
export const loadModule = async <Shape>(path: string): Promise<Shape> =>
  (await import(/* @vite-ignore */ join(ROOT, path))) as Shape;

/** `apps/<name>` and `libs/<name>` of every project. */
export const projectFolders = (): string[] =>
  ['apps', 'libs'].flatMap((parent) =>
    readdirSync(join(ROOT, parent))
      .map((name) => `${parent}/${name}`)
      .filter((folder) => exists(`${folder}/package.json`)),
  );
