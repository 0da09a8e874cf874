/** What the person who started the launcher sees. */
import { formatLogLine, inert } from './log-line.format.js';

export interface TerminalOptions {
  write: (text: string) => void;
  colour: boolean;
}

export class Terminal {
  constructor(private readonly options: TerminalOptions) {}

  /** A line as it is. */
  line(text: string): void {
    this.options.write(`${text}\n`);
  }

  /** A line of a child: log lines are made readable, others are passed on with their sender. */
  childLine(process: string, line: string): void {
    if (line.trim() === '') return;
    this.line(formatLogLine(process, line, this.options) ?? `${process}: ${inert(line)}`);
  }

  /** A log line of the launcher itself. */
  log(level: 'info' | 'warn' | 'error', msg: string): void {
    this.childLine('launcher', JSON.stringify({ level, msg, time: new Date().toISOString() }));
  }
}
