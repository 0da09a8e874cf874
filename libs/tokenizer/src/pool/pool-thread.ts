/**
 * A thread and its unfinished messages. A thread that dies fails what it was doing and is told to its
 * owner, who starts another.
 */
import { Worker } from 'node:worker_threads';
import { vocabularyDirectory } from '../vocabulary.catalog.js';
import type { FromThread, ThreadData, ToThread } from './pool.messages.js';

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
  /** Large counts among the unfinished; kept by the owner. */
  large = 0;
  private readonly worker: Worker;
  private readonly unfinished = new Map<number, Unfinished>();
  private gone = false;

  /** @param onGone called once, after what was unfinished has failed */
  constructor(onGone: (thread: PoolThread, error: Error) => void, entry: URL = ENTRY) {
    const workerData: ThreadData = { vocabularies: vocabularyDirectory() };
    this.worker = new Worker(entry, { execArgv: isSource ? SOURCE_ARGUMENTS : [], workerData });
    this.worker.unref();
    let problem: Error | null = null;
    this.worker.on('message', (answer: FromThread) => this.finish(answer.id)?.resolve(answer));
    this.worker.on('error', (error: Error) => (problem = error));
    this.worker.on('exit', (code) => {
      const error = problem ?? new Error(`counting thread ended with ${code}`);
      this.gone = true;
      for (const id of [...this.unfinished.keys()]) this.finish(id)?.reject(error);
      onGone(this, error);
    });
  }

  /** Unfinished messages; infinite once the thread is gone. */
  get load(): number {
    return this.gone ? Infinity : this.unfinished.size;
  }

  /** Rejects when the thread dies over it, or the message cannot be sent. */
  ask(message: ToThread): Promise<FromThread> {
    return new Promise((resolve, reject) => {
      this.worker.postMessage(message);
      this.unfinished.set(message.id, { resolve, reject });
      this.worker.ref();
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private finish(id: number): Unfinished | undefined {
    const unfinished = this.unfinished.get(id);
    this.unfinished.delete(id);
    if (this.unfinished.size === 0) this.worker.unref();
    return unfinished;
  }
}
