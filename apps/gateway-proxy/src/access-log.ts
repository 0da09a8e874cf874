/**
 * The access log: one JSON line per request in the logger's form, collected and written in blocks.
 * Rejected: the process logger, which copies every record to redact it and makes a system call a
 * line; that took more CPU than forwarding the request. A record's fields are named in one place
 * and none is secret. A crash loses at most what the last quarter second logged.
 */
export interface LineSink {
  write(text: string): unknown;
}

const BLOCK_CHARS = 65_536;
const LONGEST_WAIT_MS = 250;

/** Where terminal records go. */
export interface RequestLog {
  write(record: object): void;
  flush(): void;
}

export class AccessLog implements RequestLog {
  private readonly head: string;
  private block = '';
  private timer: NodeJS.Timeout | null = null;

  /** @param bindings fields of every line, for example `name` */
  constructor(
    bindings: object,
    private readonly out: LineSink = process.stdout,
  ) {
    this.head = JSON.stringify({ level: 'info', ...bindings, msg: 'request' }).slice(0, -1);
  }

  /** @param record a flat object with at least one field */
  write(record: object): void {
    const time = new Date().toISOString();
    this.block += `${this.head},"time":"${time}",${JSON.stringify(record).slice(1)}\n`;
    if (this.block.length >= BLOCK_CHARS) return this.flush();
    this.timer ??= setTimeout(this.flush, LONGEST_WAIT_MS).unref();
  }

  readonly flush = (): void => {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.block === '') return;
    const { block } = this;
    this.block = '';
    this.out.write(block);
  };
}
