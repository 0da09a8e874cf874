/**
 * Cuts a stream of bytes into lines as they arrive, so that a long document never has to be held or
 * parsed as one. Cutting at the byte keeps characters whole that span two chunks.
 */
import { EventLoopPacer } from './event-loop.pacer.js';

export interface LineBounds {
  /** Of the whole document. */
  maxBytes: number;
  maxLineBytes: number;
}

const LF = 0x0a;

/** Yields between lines so that others get their turn. An unfinished last line is a line too. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, maxLineBytes }: LineBounds,
): AsyncGenerator<string> {
  const pacer = new EventLoopPacer();
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`there are more than ${maxBytes} bytes`);
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      begun.push(chunk.subarray(start, end));
      start = end + 1;
      await pacer.pause();
      yield Buffer.concat(begun).toString('utf8');
      begun = [];
      begunBytes = 0;
    }
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > maxLineBytes) throw new Error(`a line has more than ${maxLineBytes} bytes`);
  }
  if (begunBytes > 0) yield Buffer.concat(begun).toString('utf8');
}
