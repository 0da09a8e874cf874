/** Finds out before anything starts which ports are taken, and by which variable to move them. */
import { once } from 'node:events';
import { createServer } from 'node:net';

export interface PortClaim {
  /** The variable that changes the port. */
  variable: string;
  /** 0 picks a free one. */
  port: number;
}

/** Every problem at once, one line each. */
class PortsTakenError extends Error {
  override readonly name = 'PortsTakenError';
}

/** Children may bind to either; a port is free only if both are. */
const ADDRESSES = ['127.0.0.1', '0.0.0.0', '::'];
const MAX_PORT = 65_535;

/** The ports in the order of the claims. */
export async function claimPorts(claims: readonly PortClaim[]): Promise<number[]> {
  const problems: string[] = [];
  const ports: number[] = [];
  const claimedBy = new Map<number, string>();
  for (const { variable, port: wanted } of claims) {
    const port = wanted === 0 ? await freePort() : wanted;
    const other = claimedBy.get(port);
    if (port > MAX_PORT) problems.push(`${variable}: leads to port ${port}, above ${MAX_PORT}`);
    else if (other !== undefined)
      problems.push(`port ${port}: claimed by ${other} and ${variable}`);
    else if (!(await isFree(port))) {
      problems.push(`port ${port} is taken; set ${variable} to another one`);
    }
    claimedBy.set(port, variable);
    ports.push(port);
  }
  if (problems.length > 0) throw new PortsTakenError(problems.join('\n'));
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  for (const address of ADDRESSES) {
    if ((await listen(port, address)) === 'EADDRINUSE') return false;
  }
  return true;
}

async function freePort(): Promise<number> {
  const port = await listen(0, '127.0.0.1');
  if (typeof port === 'string') throw new Error(`no free port (${port})`);
  return port;
}

/** The port bound and released again, or the error code. */
async function listen(port: number, host: string): Promise<number | string> {
  const server = createServer();
  try {
    server.listen({ port, host, ipv6Only: host === '::' });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 'EADDRNOTAVAIL';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    server.close();
  }
}
