/** Files a process keeps: created with mode 0600 in a folder of mode 0700. */
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export function ensureDataDir(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  return dir;
}

/** Reads `<dir>/<name>`, or makes it with `create()` the first time; safe when two start at once. */
export function readOrCreateSecretFile(dir: string, name: string, create: () => string): string {
  const path = join(ensureDataDir(dir), name);
  if (!existsSync(path)) {
    try {
      writeFileSync(path, create(), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  chmodSync(path, 0o600);
  return readFileSync(path, 'utf8').trim();
}

/** Makes the file if it is not there, and closes it to other users either way. */
export function ensurePrivateFile(path: string): string {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  return path;
}
