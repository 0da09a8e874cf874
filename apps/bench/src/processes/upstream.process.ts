/** The static upstream: answers every chat request with the same bytes, streamed when asked to. */
import { createServer, type ServerResponse } from 'node:http';
import { jsonAnswer, streamEvents } from '../traffic.js';
import { listenAndReport } from './reported-port.js';

const ANSWER = Buffer.from(jsonAnswer());
const EVENTS = streamEvents().map((event) => Buffer.from(event));
const STREAM_FLAG = '"stream":true';

const server = createServer((req, res) => {
  let isStream = false;
  req.on('data', (chunk: Buffer) => {
    isStream ||= chunk.includes(STREAM_FLAG);
  });
  req.on('end', () => (isStream ? stream(res) : answer(res)));
});
server.keepAliveTimeout = 0;
listenAndReport(server);

function answer(res: ServerResponse): void {
  res.writeHead(200, ['content-type', 'application/json', 'content-length', String(ANSWER.length)]);
  res.end(ANSWER);
}

/** One event a turn of the loop, so that they leave apart. */
function stream(res: ServerResponse): void {
  res.writeHead(200, ['content-type', 'text/event-stream', 'cache-control', 'no-cache']);
  let next = 0;
  const writeNext = (): void => {
    const event = EVENTS[next];
    next += 1;
    if (event === undefined) return void res.end();
    res.write(event);
    setImmediate(writeNext);
  };
  writeNext();
}
