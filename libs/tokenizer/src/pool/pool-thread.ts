/**
 * A thread and its one unfinished message. A thread that dies, or that overstays by far, fails what
 * it was doing and is told to its owner, who starts another.
 */
import { Worker } from 'node:worker_threads';
import type { FromThread, ToThread } from './pool.messages.js';

interface Unfinished {
  resolve: (answer: FromThread) => void;
  reject: (error: Error) => void;
}

const isSource = import.meta.url.endsWith('.ts');
const ENTRY = new URL(`./token-pool.worker${isSource ? '.ts' : '.js'}`, import.meta.url);

/** In tests the runtime reads the sources: names end in .js there, and classes need transforming. */
const SOURCE_HOOK = `import { registerHooks } from 'node:module';
registerHooks({ resolve: (name, context, next) => next(
  name.startsWith('.') && context.parentURL?.endsWith('.ts') ? name.replace(/\\.js$/, '.ts') : name,
  context) });`;
const SOURCE_ARGUMENTS = [
  '--conditions=@ai-gateway/source',
  '--experimental-transform-types',
  '--disable-warning=ExperimentalWarning',
  '--import',
  `data:text/javascript,${encodeURIComponent(SOURCE_HOOK)}`,
];

export class PoolThread {
  private readonly worker: Worker;
  private unfinished: Unfinished | null = null;
  private gone = false;

  /** @param onGone called once, after what was unfinished has failed */
  constructor(onGone: (thread: PoolThread, error: Error) => void, entry: URL = ENTRY) {
    this.worker = new Worker(entry, { execArgv: isSource ? SOURCE_ARGUMENTS : [] });
    this.worker.unref();
    let problem: Error | null = null;
    this.worker.on('message', (answer: FromThread) => this.finish()?.resolve(answer));
    this.worker.on('error', (error: Error) => (problem = error));
    this.worker.on('exit', (code) => {
      const error = problem ?? new Error(`counting thread ended with ${code}`);
      this.gone = true;
      this.finish()?.reject(error);
      onGone(this, error);
    });
  }

  get isIdle(): boolean {
    return !this.gone && this.unfinished === null;
  }

  /** Of an idle thread. Rejects when the thread dies over it. */
  ask(message: ToThread): Promise<FromThread> {
    this.worker.ref();
    return new Promise((resolve, reject) => {
      this.unfinished = { resolve, reject };
      this.worker.postMessage(message);
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private finish(): Unfinished | null {
    const { unfinished } = this;
    this.unfinished = null;
    this.worker.unref();
    return unfinished;
  }
}
