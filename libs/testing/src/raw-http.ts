/** Sends raw bytes to a port, for tests of framing that no HTTP client would send. */
import { connect } from 'node:net';

export interface RawReply {
  /** Everything received, as latin1 so that each byte is one character. */
  readonly text: string;
  /** Status codes of all answers on the connection, in order. */
  readonly statuses: number[];
  /** How it ended: the peer closed, reset, or was silent for `timeoutMs`. */
  readonly ending: 'closed' | 'reset' | 'silent';
}

export interface RawOptions {
  /** Longest silence; default 2000. */
  timeoutMs?: number;
  /** Ends our side after sending. */
  halfClose?: boolean;
}

/** @param parts written one after the other, each in its own segment where the network allows */
export function sendRaw(
  port: number,
  parts: string | readonly (string | Buffer)[],
  { timeoutMs = 2000, halfClose = false }: RawOptions = {},
): Promise<RawReply> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    let text = '';
    const finish = (ending: RawReply['ending']): void => {
      socket.destroy();
      resolve({ text, statuses: statusesOf(text), ending });
    };
    socket.setTimeout(timeoutMs, () => finish('silent'));
    socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
    socket.once('end', () => finish('closed'));
    socket.once('close', () => finish('closed'));
    socket.once('error', () => finish('reset'));
    for (const part of typeof parts === 'string' ? [parts] : parts) socket.write(part, 'latin1');
    if (halfClose) socket.end();
  });
}

const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map((match) => Number(match[1]));
