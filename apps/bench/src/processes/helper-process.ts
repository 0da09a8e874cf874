/** One of this folder's programs as a child with a message channel; it ends when we do. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export class HelperProcess {
  private constructor(
    private readonly child: ChildProcess,
    /** The child's first message. */
    readonly greeting: unknown,
  ) {}

  /** @param name the program's file name without `.process.js` */
  static async start(
    name: string,
    args: readonly string[] = [],
    nodeArgs: readonly string[] = [],
  ): Promise<HelperProcess> {
    const file = fileURLToPath(new URL(`./${name}.process.js`, import.meta.url));
    const child = fork(file, args, { execArgv: [...nodeArgs] });
    return new HelperProcess(child, await nextMessage(child, name));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the helper has no pid');
    return this.child.pid;
  }

  /** Sends one message and resolves to the next one that comes back. */
  ask(message: object): Promise<unknown> {
    const answer = nextMessage(this.child, 'helper');
    this.child.send(message);
    return answer;
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }
}

function nextMessage(child: ChildProcess, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`${name} ended without an answer`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}
