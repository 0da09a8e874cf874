/** A fault proxy as a process of its own, driven through its control socket; see the README. */
import { parseArgs } from 'node:util';
import { FaultProxyControl } from './fault-proxy.control.js';
import { FaultProxy } from './fault-proxy.js';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: 'string' },
      listen: { type: 'string', default: '0' },
      control: { type: 'string', default: '0' },
    },
  });
  const target = /^(?:(.+):)?(\d+)$/.exec(values.target ?? '');
  if (target === null) throw new Error('--target takes host:port');
  const proxy = await FaultProxy.start(Number(target[2]), target[1], Number(values.listen));
  const control = await FaultProxyControl.start(proxy, Number(values.control));
  process.stdout.write(`ready: listen=${proxy.port} control=${control.port}\n`);
  await control.closed();
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
