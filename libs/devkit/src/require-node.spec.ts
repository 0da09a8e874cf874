import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../bin/require-node.mjs', import.meta.url));
const check = (version: string) =>
  spawnSync(process.execPath, [SCRIPT, version], { encoding: 'utf8' });

describe('require-node', () => {
  it.each(['20.19.5', '22.21.9', '23.11.0', '24.10.9'])('refuses %s and says what to do', (old) => {
    const { status, stderr } = check(old);
    expect(status).toBe(1);
    expect(stderr).toContain(old);
    expect(stderr).toContain('npm ci');
  });

  it.each(['22.22.0', '22.23.1', '24.11.0', '24.21.0', '26.0.0'])('accepts %s', (version) => {
    expect(check(version)).toMatchObject({ status: 0, stderr: '' });
  });
});
