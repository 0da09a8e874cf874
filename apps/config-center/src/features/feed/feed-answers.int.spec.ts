import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { ConfigChange } from '@ai-gateway/contracts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PagedFeed } from '../../platform/revisions/change-log.js';
import { FeedAnswers } from './feed-answers.js';

const PAGE: readonly ConfigChange[] = Array.from({ length: 1_000 }, (_, id) => ({
  kind: 'namespace',
  id,
  revision: 1,
  value: { text: 'x'.repeat(1_000) },
}));

let server: Server;
let serverSide: Socket;
let pages: number;

beforeEach(async () => {
  pages = 0;
  const endless: PagedFeed = {
    epoch: 'epoch-one',
    revision: 1,
    type: 'full',
    key: 'endless',
    async *pages() {
      for (;;) {
        pages += 1;
        await setImmediate();
        yield PAGE;
      }
    },
  };
  const answers = new FeedAnswers();
  server = createServer((_request, response) => void answers.send(endless, response));
  server.on('connection', (socket: Socket) => (serverSide = socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => server.close());

async function ask(): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  const [answer] = (await once(get({ port, host: '127.0.0.1', agent: false }), 'response')) as [
    IncomingMessage,
  ];
  answer.on('error', () => undefined);
  return answer;
}

/** Pages read once reading has come to rest. */
async function restingPages(): Promise<number> {
  for (let before = -1; before !== pages;) {
    before = pages;
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
  }
  return pages;
}

it('reads no further than its reader takes, and stops when that is gone', async () => {
  const answer = await ask();
  const ahead = await restingPages();
  // What sockets and their buffers hold of one megabyte a page.
  expect(ahead).toBeLessThan(20);
  answer.destroy();
  await new Promise((resolve) => serverSide.once('close', resolve));
  expect(await restingPages()).toBeLessThanOrEqual(ahead + 1);
});
