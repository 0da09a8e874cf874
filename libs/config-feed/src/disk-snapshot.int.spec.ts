/** Writers of snapshots that are killed, or whose disk is full: processes of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ConfigSnapshot } from './config-snapshot.js';
import { DiskSnapshot } from './disk-snapshot.js';

const KILLS = 40;
const ENTRIES = 2_000;
const KEY = { kid: '0123456789abcdef', key: randomBytes(32) };
const BUILT = new URL('../dist/disk-snapshot.js', import.meta.url).href;

/** Writes revision after revision, a line to stdout after each. */
const WRITER = `
  const { DiskSnapshot } = await import('${BUILT}');
  const [path, key, from] = process.argv.slice(1);
  const disk = new DiskSnapshot(path, { kid: '${KEY.kid}', key: Buffer.from(key, 'hex') });
  for (let revision = Number(from); ; revision += 1) {
    const entries = Array.from({ length: ${ENTRIES} }, (_, id) => ({
      kind: 'rule', id, revision, value: { text: Math.random().toString(36) },
    }));
    await disk.save({ epoch: 'epoch-one', revision, entries });
    console.log(revision);
  }`;

let folder: string;
let path: string;
let disk: DiskSnapshot;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapshot-crash-'));
  path = join(folder, 'config.snapshot');
  disk = new DiskSnapshot(path, KEY);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** @param limit a shell command that limits the writer */
function startWriter(from: number, limit = ':'): ChildProcess {
  const node = [process.execPath, '--input-type=module', '-e', WRITER];
  const args = [path, KEY.key.toString('hex'), String(from)];
  return spawn('sh', ['-c', `${limit}; exec "$@"`, 'sh', ...node, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const revisionOf = (kept: { snapshot: ConfigSnapshot } | null): number => {
  const entries = kept?.snapshot.entries ?? [];
  const revisions = new Set(entries.map(({ revision }) => revision));
  expect([entries.length, revisions.size]).toEqual([ENTRIES, 1]);
  return kept?.snapshot.revision ?? 0;
};

it('leaves the old or the new one whole, whenever its writer is killed', async () => {
  let newest = 1;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const writer = startWriter(newest);
    const ended = once(writer, 'exit');
    const [line] = (await once(writer.stdout ?? writer, 'data')) as [Buffer];
    const written = Number(line.toString().trim().split('\n').at(-1));
    await sleep(Math.random() * 20);
    writer.kill('SIGKILL');
    await ended;
    newest = revisionOf(await disk.load());
    expect(newest).toBeGreaterThanOrEqual(written);
  }
  await disk.clean();
  expect(readdirSync(folder)).toEqual(['config.snapshot']);
}, 30_000);

it('keeps the old one where a file cannot grow as large as the new one', async () => {
  const first = startWriter(1);
  await once(first.stdout ?? first, 'data');
  first.kill('SIGKILL');
  await once(first, 'exit');
  const before = revisionOf(await disk.load());
  const limited = startWriter(1_000_000, 'ulimit -f 8');
  let problem = '';
  limited.stderr?.on('data', (text: Buffer) => (problem += text.toString()));
  const [code] = (await once(limited, 'exit')) as [number];
  expect(code).toBe(1);
  expect(problem).toContain('EFBIG');
  await disk.clean();
  expect(revisionOf(await disk.load())).toBe(before);
  expect(readdirSync(folder)).toEqual(['config.snapshot']);
});
