/**
 * The file by which an operator holds a gateway at one revision: it contains the number. A file that
 * cannot be understood changes nothing, because the moment in which an editor has emptied it must
 * not let the gateway go.
 */
import { readFile } from 'node:fs/promises';

const REVISION = /^\d{1,15}$/;

export class PinFile {
  private pinned: number | null = null;
  private problem: string | null = null;

  /** @param onProblem once per change of state: what is wrong with the file, null when it is right */
  constructor(
    readonly path: string,
    private readonly onProblem: (problem: string | null) => void,
  ) {}

  /** The revision to stay at, null without the file. Never rejects. */
  async read(): Promise<number | null> {
    try {
      const text = (await readFile(this.path, 'utf8')).trim();
      if (!REVISION.test(text)) throw new Error('does not contain the number of a revision');
      this.settle(Number(text));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') this.settle(null);
      else this.report(message);
    }
    return this.pinned;
  }

  private settle(revision: number | null): void {
    this.pinned = revision;
    this.report(null);
  }

  private report(problem: string | null): void {
    if (problem === this.problem) return;
    this.problem = problem;
    this.onProblem(problem);
  }
}
