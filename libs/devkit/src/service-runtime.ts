/**
 * Where MariaDB and Redis come from: the PATH, else the distribution's packages when we may install
 * them, else Docker. Tests never skip for want of a service, so the last resort is an error that
 * says what to install.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Absolute paths by binary name, or `docker` when containers must do. */
export type ServiceRuntime = ReadonlyMap<string, string> | 'docker';

const PACKAGES = ['mariadb-server', 'redis-server'];
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin'];
const POLICY_FILE = '/usr/sbin/policy-rc.d';

export async function findServiceRuntime(binaries: readonly string[]): Promise<ServiceRuntime> {
  const present = locateAll(binaries);
  if (present !== null) return present;
  const problems: string[] = [];
  if (mayInstall()) {
    await installPackages().catch((error: unknown) => problems.push(`apt-get: ${String(error)}`));
    const installed = locateAll(binaries);
    if (installed !== null) return installed;
  }
  if (await dockerAnswers()) return 'docker';
  throw new Error(
    [
      `The tests need ${binaries.join(' and ')}, and none of these is at hand: the binaries on the`,
      `PATH, apt-get as root on Debian or Ubuntu, a Docker daemon. Install one of them, for example:`,
      `  sudo apt-get install ${PACKAGES.join(' ')}`,
      ...problems,
    ].join('\n'),
  );
}

function locateAll(binaries: readonly string[]): ReadonlyMap<string, string> | null {
  const found = new Map<string, string>();
  for (const binary of binaries) {
    const path = locate(binary);
    if (path === null) return null;
    found.set(binary, path);
  }
  return found;
}

function locate(binary: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, binary)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const mayInstall = (): boolean =>
  process.getuid?.() === 0 && existsSync('/etc/debian_version') && locate('apt-get') !== null;

/** Installs both services at once, without letting the packages start system services. */
async function installPackages(): Promise<void> {
  const ownPolicy = !existsSync(POLICY_FILE);
  if (ownPolicy) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const options = {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      maxBuffer: 64 * 2 ** 20,
    };
    const lock = ['-o', 'DPkg::Lock::Timeout=300'];
    await run('apt-get', [...lock, '-q', 'update'], options);
    const install = ['-q', 'install', '-y', '--no-install-recommends', ...PACKAGES];
    await run('apt-get', [...lock, ...install], options);
  } finally {
    if (ownPolicy) rmSync(POLICY_FILE, { force: true });
  }
}

async function dockerAnswers(): Promise<boolean> {
  try {
    await run('docker', ['info'], { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
