/** A private Redis for a test or a run: own port, own user, nothing written to disk. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { ServiceProcess, firstBytes, privateFolder } from './service-process.js';
import { findServiceRuntime, type ServiceRuntime } from './service-runtime.js';

export interface RedisOptions {
  /** 0 (the default): any free port. */
  port?: number;
  /** Lines of redis.conf that come last, for example `maxmemory 2mb`. */
  config?: readonly string[];
}

const USER = 'gateway';
const BINARY = 'redis-server';
const IMAGE = 'redis:7';

export class RunningRedis {
  private constructor(
    readonly port: number,
    readonly password: string,
    private readonly start: () => Promise<ServiceProcess>,
    private service: ServiceProcess,
  ) {}

  /** @internal use `startRedis` */
  static async launch(options: RedisOptions): Promise<RunningRedis> {
    const runtime = await findServiceRuntime([BINARY]);
    const port = options.port || (await freePort());
    const password = randomBytes(18).toString('hex');
    const lines = [...configLines(password), ...(options.config ?? [])];
    const dir = privateFolder('redis');
    const start = (): Promise<ServiceProcess> => spawnRedis(runtime, { dir, port, lines });
    return new RunningRedis(port, password, start, await start());
  }

  get url(): string {
    return `redis://${USER}:${this.password}@127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.service.pid;
  }

  /** The process stops answering but its sockets stay open. */
  freeze(): void {
    this.service.signal('SIGSTOP');
  }

  resume(): void {
    this.service.signal('SIGCONT');
  }

  /** Ends like a crash; `restart` brings an empty Redis back on the same port. */
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

export const startRedis = (options: RedisOptions = {}): Promise<RunningRedis> =>
  RunningRedis.launch(options);

const configLines = (password: string): string[] => [
  `user ${USER} on >${password} allkeys allchannels allcommands`,
  'user default off',
  'save ""',
  'appendonly no',
  'maxmemory-policy noeviction',
  'enable-debug-command yes',
];

interface RedisPlace {
  dir: string;
  port: number;
  lines: readonly string[];
}

async function spawnRedis(runtime: ServiceRuntime, place: RedisPlace): Promise<ServiceProcess> {
  const { dir, port, lines } = place;
  const conf = join(dir, 'redis.conf');
  const listen =
    runtime === 'docker'
      ? ['bind 0.0.0.0', 'port 6379']
      : ['bind 127.0.0.1', `port ${port}`, `dir "${dir}"`];
  writeFileSync(conf, [...listen, ...lines, ''].join('\n'), { mode: 0o644 });
  const service = new ServiceProcess(
    runtime === 'docker'
      ? dockerLaunch(dir, conf, port)
      : { name: 'redis', command: runtime.get(BINARY) ?? BINARY, args: [conf], dir },
  );
  return service.ready(async () => {
    const reply = (await firstBytes(port, 'PING\r\n'))?.toString('latin1') ?? '';
    return reply.startsWith('-NOAUTH') || reply.startsWith('+PONG');
  });
}

function dockerLaunch(dir: string, conf: string, port: number) {
  const container = `ai-gateway-redis-${randomBytes(6).toString('hex')}`;
  const inside = '/usr/local/etc/redis/redis.conf';
  const options = ['--rm', '--name', container, '-p', `127.0.0.1:${port}:6379`];
  const args = ['run', ...options, '-v', `${conf}:${inside}:ro`, IMAGE, BINARY, inside];
  return { name: 'redis', command: 'docker', args, dir, container };
}
