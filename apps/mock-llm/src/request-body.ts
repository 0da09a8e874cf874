/** Reads a request body up to a cap; what is above it is drained, so that the client sees the answer. */
import type { IncomingMessage } from 'node:http';

/** @returns null above the cap; rejects when the client breaks off */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else chunks.length = 0;
  }
  return bytes > maxBytes ? null : Buffer.concat(chunks);
}
