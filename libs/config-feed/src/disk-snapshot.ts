/**
 * The last configuration on disk, from which a gateway starts while everything else is away. It is
 * written beside the old one, made durable, and put in its place by one rename, so that at every
 * moment of a crash either the old or the new one is whole. The time of modification says when a
 * source last confirmed the content, which costs no rewrite.
 */
import { randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { configHeadSchema } from '@ai-gateway/contracts';
import type { ConfigSnapshot, SnapshotEntry } from './config-snapshot.js';
import { DEFAULT_FEED_BOUNDS, MAX_LINE_BYTES } from './feed.decoder.js';
import { readSealed, writeSealed, type SealingKey } from './sealed-file.js';

/** A snapshot and how old the knowledge is that it was the newest configuration, epoch ms. */
export interface KeptSnapshot {
  snapshot: ConfigSnapshot;
  confirmedMs: number;
}

const BOUNDS = { maxBytes: 2 * DEFAULT_FEED_BOUNDS.maxBytes, maxLineBytes: 2 * MAX_LINE_BYTES };
const OWNER_ONLY = 0o600;

export class DiskSnapshot {
  private readonly folder: string;

  /** @param path the folder must exist */
  constructor(
    readonly path: string,
    private readonly key: SealingKey,
  ) {
    this.folder = dirname(path);
  }

  /** Null: there is none. Rejects, with the reason, when there is one that cannot be used. */
  async load(): Promise<KeptSnapshot | null> {
    const file = await open(this.path, 'r').catch(nullIfMissing);
    if (file === null) return null;
    try {
      const { mtimeMs } = await file.stat();
      const snapshot = await snapshotOf(readSealed(file, this.key, BOUNDS));
      return { snapshot, confirmedMs: Math.min(mtimeMs, Date.now()) };
    } finally {
      await file.close();
    }
  }

  /** Rejects, and leaves the old one as it was, when the disk does not take it. */
  async save(snapshot: ConfigSnapshot): Promise<void> {
    // Containers that share a folder by mistake share process ids too.
    const temporary = `${this.path}.${randomUUID()}.tmp`;
    try {
      await writeDurably(temporary, this.key, snapshot);
      await rename(temporary, this.path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    await syncFolder(this.folder);
  }

  /** Notes that the content was still the newest at this time. */
  async confirm(atMs: number): Promise<void> {
    await utimes(this.path, atMs / 1000, atMs / 1000);
  }

  /** Removes what a crash left half-written. */
  async clean(): Promise<void> {
    const prefix = `${basename(this.path)}.`;
    const names = await readdir(this.folder);
    const left = names.filter((name) => name.startsWith(prefix) && name.endsWith('.tmp'));
    for (const name of left) await rm(join(this.folder, name), { force: true });
  }
}

async function writeDurably(
  path: string,
  key: SealingKey,
  snapshot: ConfigSnapshot,
): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY);
  try {
    await writeSealed(file, key, documentOf(snapshot));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is durable once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The head with the number of entries, then one entry per line. */
function* documentOf({ epoch, revision, entries }: ConfigSnapshot): Generator<string> {
  yield JSON.stringify({ epoch, revision, entries: entries.length });
  for (const entry of entries) yield JSON.stringify(entry);
}

/** The key and the version vouch for the form of the entries; values are judged by the store. */
async function snapshotOf(lines: AsyncIterable<string>): Promise<ConfigSnapshot> {
  let head: unknown = null;
  const entries: SnapshotEntry[] = [];
  for await (const line of lines) {
    if (head === null) head = JSON.parse(line);
    else entries.push(JSON.parse(line) as SnapshotEntry);
  }
  const { epoch, revision } = configHeadSchema.parse(head);
  if ((head as { entries?: unknown }).entries !== entries.length)
    throw new Error('it is not whole');
  return { epoch, revision, entries };
}

function nullIfMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}
