import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { describeAdminAccess } from './admin-access.contract.js';

const dirs: string[] = [];
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

describeAdminAccess('SQLite', () => {
  const dir = mkdtempSync(join(tmpdir(), 'config-center-'));
  dirs.push(dir);
  return Promise.resolve({ DATA_DIR: dir });
});
