/**
 * Finds the `data:` lines in a stream of server-sent events. What they say does not matter, so a
 * line is recognised by its beginning and the rest is skipped unbuffered: no length can hurt.
 */
const FIELD = Buffer.from('data:');
const LF = 0x0a;
const CR = 0x0d;

export class WakeLineReader {
  /** Position within the current line; FIELD.length + 1 once it is known not to matter. */
  private matched = 0;

  constructor(private readonly onWake: () => void) {}

  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === LF || byte === CR) this.matched = 0;
      else if (this.matched < FIELD.length) this.advance(byte);
    }
  }

  private advance(byte: number): void {
    this.matched = byte === FIELD[this.matched] ? this.matched + 1 : FIELD.length + 1;
    if (this.matched === FIELD.length) this.onWake();
  }
}
