/** How a forked helper tells its parent where it listens; it ends when the parent goes away. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReportedPort {
  readonly port: number;
}

export function listenAndReport(server: Server): void {
  process.on('disconnect', () => process.exit(0));
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.send?.({ port } satisfies ReportedPort);
  });
}
