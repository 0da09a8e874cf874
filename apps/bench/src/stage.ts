/** What the scenarios share: the static upstream, a private Redis, the load generator; and their end. */
import { startRedis, type RunningRedis } from '@ai-gateway/devkit';
import { Cores } from './measure/cores.js';
import type { LoadOrder, LoadResult } from './measure/load.types.js';
import { HelperProcess } from './processes/helper-process.js';
import type { ReportedPort } from './processes/reported-port.js';

/** Redis numbers its databases from 0 to 15. */
const MAX_DATABASES = 16;
const ALIVE_MS = 1000;

export class Stage {
  private readonly endings: (() => Promise<void>)[] = [];
  private databases = 0;

  private constructor(
    readonly cores: Cores,
    readonly upstream: { readonly pid: number; readonly origin: string },
    private readonly redis: RunningRedis,
    private readonly load: HelperProcess,
  ) {}

  static async set(): Promise<Stage> {
    const cores = await Cores.probe();
    const redis = await startRedis();
    await cores.pin(redis.pid, 'rest');
    const upstream = await HelperProcess.start('upstream');
    await cores.pin(upstream.pid, 'rest');
    const load = await HelperProcess.start('load');
    await cores.pin(load.pid, 'rest');
    const stage = new Stage(cores, placeOf(upstream), redis, load);
    stage.atEnd(() => redis.stop());
    stage.atEnd(() => upstream.stop());
    stage.atEnd(() => load.stop());
    return stage;
  }

  /** A Redis database of its own: gateways with different configurations don't meet. */
  newRedisUrl(): string {
    if (this.databases >= MAX_DATABASES) throw new Error('more gateways than Redis has databases');
    const url = `${this.redis.url}/${this.databases}`;
    this.databases += 1;
    return url;
  }

  /** A helper that stands where the proxy under test stands. */
  async startProxy(name: string, args: readonly string[]) {
    const helper = await HelperProcess.start(name, args);
    this.atEnd(() => helper.stop());
    await this.cores.pin(helper.pid, 'proxy');
    return placeOf(helper);
  }

  async apply(order: LoadOrder): Promise<LoadResult> {
    return (await this.load.ask(order)) as LoadResult;
  }

  atEnd(ending: () => Promise<void>): void {
    this.endings.push(ending);
  }

  async strike(): Promise<void> {
    // The services' child processes don't keep the event loop alive, and we wait for their end.
    const alive = setInterval(() => undefined, ALIVE_MS);
    for (const ending of this.endings.toReversed()) await ending();
    clearInterval(alive);
  }
}

function placeOf(helper: HelperProcess): { pid: number; origin: string } {
  const { port } = helper.greeting as ReportedPort;
  return { pid: helper.pid, origin: `http://127.0.0.1:${port}` };
}
