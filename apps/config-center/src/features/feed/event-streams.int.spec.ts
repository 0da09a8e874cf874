import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { FaultProxy } from '@ai-gateway/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EventStreams } from './event-streams.js';

let server: Server;
let streams: EventStreams;
let proxy: FaultProxy;
/** The connection as the server sees it. */
let serverSide: Socket;

beforeEach(async () => {
  streams = new EventStreams({ heartbeatMs: 20, maxAgeMs: 400 });
  server = createServer((_request, response) => streams.open(response, 'data: first\n\n'));
  server.on('connection', (socket: Socket) => (serverSide = socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy = await FaultProxy.start((server.address() as AddressInfo).port);
});
afterEach(async () => {
  await proxy.close();
  server.close();
});

async function openThroughProxy(): Promise<IncomingMessage> {
  const [answer] = (await once(
    get({ port: proxy.port, host: '127.0.0.1', agent: false }),
    'response',
  )) as [IncomingMessage];
  return answer;
}

it('ends a stream whose reader vanished without a word', async () => {
  const answer = await openThroughProxy();
  answer.on('error', () => undefined);
  await once(answer, 'data');
  proxy.blackhole();
  const begunMs = performance.now();
  await once(serverSide, 'close');
  expect(performance.now() - begunMs).toBeLessThan(1_500);
  expect(streams.size).toBe(0);
  answer.destroy();
});

it('tells a live reader by an orderly end', async () => {
  const answer = await openThroughProxy();
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  expect(text).toMatch(/^data: first\n\n(: alive\n\n)+$/);
  expect(streams.size).toBe(0);
});
