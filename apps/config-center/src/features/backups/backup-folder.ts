/**
 * The folder of backups: one file per backup, named by time, epoch and revision, complete or not there.
 * Files are for this user only; they hold credentials, though sealed.
 */
import { open, mkdir, readdir, rename, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConfigHead } from '@ai-gateway/contracts';

const NAME = /^config-\d{8}T\d{6}Z-([0-9a-z]{8})-r(\d+)\.json\.gz$/;
const LEFTOVER = /^\.config-\d{8}T\d{6}Z-[0-9a-z]{8}-r\d+\.json\.gz\.tmp$/;

export interface StoredBackup {
  path: string;
  /** The state it holds, as the name tells it. */
  state: string;
}

export class BackupFolder {
  constructor(private readonly dir: string) {}

  /** Null: none yet. */
  async newest(): Promise<StoredBackup | null> {
    const name = (await this.names()).at(-1);
    if (name === undefined) return null;
    return { path: join(this.dir, name), state: NAME.exec(name)?.slice(1).join('-r') ?? '' };
  }

  /** When the newest backup was last found to be what is in force; seconds, 0 without any. */
  async newestSec(): Promise<number> {
    try {
      const newest = await this.newest();
      return newest === null ? 0 : (await stat(newest.path)).mtimeMs / 1000;
    } catch {
      return 0;
    }
  }

  /** The file appears under its name only when it is whole and on disk. */
  async add(content: Buffer, { head, time }: { head: ConfigHead; time: Date }) {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    const name = `config-${compact(time)}-${stateOf(head)}.json.gz`;
    const path = join(this.dir, name);
    const temporary = join(this.dir, `.${name}.tmp`);
    await writeDurably(temporary, content);
    await rename(temporary, path);
    await syncFolder(this.dir);
    return path;
  }

  /** Says that the newest is still what is in force. */
  async touch({ path }: StoredBackup, time: Date): Promise<void> {
    await utimes(path, time, time);
  }

  async keepNewest(count: number): Promise<void> {
    const old = (await this.names()).slice(0, -count);
    const leftovers = (await readdir(this.dir)).filter((name) => LEFTOVER.test(name));
    for (const name of [...old, ...leftovers]) await unlink(join(this.dir, name));
  }

  /** Oldest first. */
  private async names(): Promise<string[]> {
    try {
      return (await readdir(this.dir)).filter((name) => NAME.test(name)).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

/** Names the state of a configuration: the same revision of another epoch is another one. */
export const stateOf = ({ epoch, revision }: ConfigHead): string =>
  `${epoch.slice(0, 8)}-r${revision}`;

/** 20260131T235959Z */
const compact = (time: Date): string =>
  time
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '');

async function writeDurably(path: string, content: Buffer): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
