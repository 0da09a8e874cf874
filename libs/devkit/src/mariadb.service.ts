/**
 * A private MariaDB for a test or a run: own data folder, port, socket and user, tuned for speed
 * at the price of durability, which a disposable database does not need.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import {
  ServiceProcess,
  firstBytes,
  privateFolder,
  type ServiceLaunch,
} from './service-process.js';
import { findServiceRuntime } from './service-runtime.js';

const run = promisify(execFile);

const USER = 'gateway';
const SERVER = 'mariadbd';
const INSTALLER = 'mariadb-install-db';
const IMAGE = 'mariadb:10.11';

/** The server's greeting packet: 3 bytes length, 1 byte sequence, then protocol version 10. */
const PROTOCOL_VERSION_AT = 4;
const PROTOCOL_VERSION = 10;

const FAST = [
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-flush-method=nosync',
  '--innodb-doublewrite=0',
  '--innodb-buffer-pool-size=64M',
  '--innodb-log-file-size=16M',
  '--performance-schema=OFF',
  '--skip-log-bin',
  '--skip-name-resolve',
  '--max-connections=400',
  '--character-set-server=utf8mb4',
  '--collation-server=utf8mb4_unicode_ci',
];

export interface MariaDbOptions {
  /** Options of the server that come last, for example `DURABLE`. */
  args?: readonly string[];
}

/** What was committed survives the server's crash (not the machine's). */
export const DURABLE = ['--innodb-flush-log-at-trx-commit=2'];

export class RunningMariaDb {
  private constructor(
    readonly port: number,
    readonly password: string,
    private readonly start: () => Promise<ServiceProcess>,
    private service: ServiceProcess,
  ) {}

  /** @internal use `startMariaDb` */
  static async launch({ args = [] }: MariaDbOptions): Promise<RunningMariaDb> {
    const runtime = await findServiceRuntime([SERVER, INSTALLER]);
    const port = await freePort();
    const password = randomBytes(18).toString('hex');
    const dir = privateFolder('mariadb');
    const launch =
      runtime === 'docker'
        ? dockerLaunch(dir, port, password)
        : await nativeLaunch(runtime, { dir, port, password });
    const start = (): Promise<ServiceProcess> =>
      new ServiceProcess({ ...launch, args: [...launch.args, ...args] }).ready(async () => {
        const greeting = await firstBytes(port);
        return greeting?.[PROTOCOL_VERSION_AT] === PROTOCOL_VERSION;
      });
    return new RunningMariaDb(port, password, start, await start());
  }

  /** Without a database name; the user may create databases. */
  get url(): string {
    return `mysql://${USER}:${this.password}@127.0.0.1:${this.port}/`;
  }

  get pid(): number {
    return this.service.pid;
  }

  freeze(): void {
    this.service.signal('SIGSTOP');
  }

  resume(): void {
    this.service.signal('SIGCONT');
  }

  /** Ends like a crash; `restart` brings it back on the same port with what was flushed. */
  async kill(): Promise<void> {
    await this.service.kill();
  }

  async restart(): Promise<void> {
    await this.service.kill();
    this.service = await this.start();
  }

  async stop(): Promise<void> {
    await this.service.stop();
  }
}

export const startMariaDb = (options: MariaDbOptions = {}): Promise<RunningMariaDb> =>
  RunningMariaDb.launch(options);

interface MariaDbPlace {
  dir: string;
  port: number;
  password: string;
}

const createUser = (password: string): string[] => [
  `CREATE USER IF NOT EXISTS '${USER}'@'%' IDENTIFIED BY '${password}';`,
  `GRANT ALL PRIVILEGES ON *.* TO '${USER}'@'%' WITH GRANT OPTION;`,
];

/** The installer leaves accounts without a password; they go before the first connection. */
const dropOtherUsers = [
  `DELETE FROM mysql.global_priv WHERE User NOT IN ('${USER}', 'mariadb.sys');`,
  'FLUSH PRIVILEGES;',
];

async function nativeLaunch(
  binaries: ReadonlyMap<string, string>,
  { dir, port, password }: MariaDbPlace,
): Promise<ServiceLaunch> {
  const datadir = join(dir, 'data');
  const shared = ['--no-defaults', `--datadir=${datadir}`, `--user=${userInfo().username}`];
  await run(binaries.get(INSTALLER) ?? INSTALLER, [
    ...shared,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
  ]);
  const initFile = join(dir, 'init.sql');
  writeFileSync(initFile, [...createUser(password), ...dropOtherUsers, ''].join('\n'));
  const args = [
    ...shared,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(dir, 'mariadb.sock')}`,
    `--pid-file=${join(dir, 'mariadb.pid')}`,
    `--init-file=${initFile}`,
    ...FAST,
  ];
  return { name: 'mariadb', command: binaries.get(SERVER) ?? SERVER, args, dir };
}

function dockerLaunch(dir: string, port: number, password: string): ServiceLaunch {
  const container = `ai-gateway-mariadb-${randomBytes(6).toString('hex')}`;
  const initFile = join(dir, 'init.sql');
  writeFileSync(initFile, [...createUser(password), ''].join('\n'), { mode: 0o644 });
  const options = ['--rm', '--name', container, '-p', `127.0.0.1:${port}:3306`];
  const mount = ['-v', `${initFile}:/init.sql:ro`, '-e', 'MARIADB_RANDOM_ROOT_PASSWORD=1'];
  const args = ['run', ...options, ...mount, IMAGE, '--init-file=/init.sql', ...FAST];
  return { name: 'mariadb', command: 'docker', args, dir, container };
}
