import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseReader, type SseFault } from './sse-reader.js';

type Seen = [type: string, data: string];

interface Reading {
  events: Seen[];
  fault: SseFault | null;
}

function readChunks(
  chunks: readonly Buffer[],
  options: { end?: boolean; max?: number } = {},
): Reading {
  const events: Seen[] = [];
  const reader = new SseReader(
    ({ type, data }) => events.push([type, data.toString()]),
    options.max,
  );
  let fault: SseFault | null = null;
  for (const chunk of chunks) fault = reader.push(chunk);
  if (options.end === true) fault = reader.end();
  return { events, fault };
}

const read = (text: string): Seen[] => readChunks([Buffer.from(text)]).events;

function splitAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  const chunks = ends.map((end) => {
    const chunk = bytes.subarray(from, end);
    from = end;
    return chunk;
  });
  return [...chunks, bytes.subarray(from)];
}

/** After the eventsource tests of web-platform-tests: the stream, then the events it must give. */
const CASES: readonly [name: string, stream: string, events: Seen[]][] = [
  [
    'an empty data field',
    'data:\n\ndata\n\ndata:test\n\n',
    [
      ['message', ''],
      ['message', ''],
      ['message', 'test'],
    ],
  ],
  [
    'a byte order mark at the start',
    '\uFEFFdata:1\n\n\uFEFFdata:2\n\ndata:3\n\n',
    [
      ['message', '1'],
      ['message', '3'],
    ],
  ],
  [
    'only one byte order mark',
    '\uFEFF\uFEFFdata:1\n\ndata:2\n\ndata:3\n\n',
    [
      ['message', '2'],
      ['message', '3'],
    ],
  ],
  ['comments', 'data:1\n:\0\n:\r\ndata:2\n:x\rdata:3\n:data:fail\n\n', [['message', '1\n2\n3']]],
  ['data before the final empty line only', 'data:test1\n\ndata:test2', [['message', 'test1']]],
  [
    'field names in other cases or with spaces',
    'data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\n Data:x\nDATA:y\n\n',
    [['message', 'test\n']],
  ],
  [
    'a named event',
    'event:test\ndata:x\n\ndata:x\n\n',
    [
      ['test', 'x'],
      ['message', 'x'],
    ],
  ],
  ['an empty event name', 'event: \ndata:data\n\n', [['message', 'data']]],
  ['an event without data', 'event:test\n\ndata:x\n\n', [['message', 'x']]],
  ['the last event name', 'event:a\nevent:b\ndata:1\n\n', [['b', '1']]],
  [
    'one leading space removed',
    'data:\ttest\rdata: \ndata:test\n\n',
    [['message', '\ttest\n\ntest']],
  ],
  ['two leading spaces kept as one', 'data:  x\n\n', [['message', ' x']]],
  ['newlines of all kinds', 'data:test\r\ndata\ndata:test\r\n\r\n', [['message', 'test\n\ntest']]],
  [
    'CR as line end',
    'data: 1\rdata: 2\r\rdata: 3\r\r',
    [
      ['message', '1\n2'],
      ['message', '3'],
    ],
  ],
  ['NUL in data', 'data:\0\n\n', [['message', '\0']]],
  ['id and retry fields', 'id:1\nretry:3\ndata:x\n\n', [['message', 'x']]],
  ['colons in data', 'data:a:b: c\n\n', [['message', 'a:b: c']]],
  ['a field that only begins like data', 'datax:1\ndat:2\ndata:3\n\n', [['message', '3']]],
  ['UTF-8', 'data:漢字🚀é\n\n', [['message', '漢字🚀é']]],
  ['blank lines alone', '\n\n\r\n\r', []],
];

describe('SseReader', () => {
  it.each(CASES)('reads %s like the standard says', (_name, stream, events) => {
    expect(read(stream)).toEqual(events);
  });

  it.each(CASES)('reads %s the same byte by byte', (_name, stream, events) => {
    const bytes = Buffer.from(stream);
    const chunks = Array.from(bytes, (_byte, index) => bytes.subarray(index, index + 1));
    expect(readChunks(chunks).events).toEqual(events);
  });

  it('gives up on a line above the cap, whole or in pieces', () => {
    const line = Buffer.from(`data:${'x'.repeat(100)}`);
    const tail = Buffer.from('\n\ndata:1\n\n');
    expect(readChunks([Buffer.concat([line, tail])], { max: 64 })).toEqual({
      events: [],
      fault: 'line_too_long',
    });
    expect(readChunks([line.subarray(0, 50), line.subarray(50), tail], { max: 64 })).toEqual({
      events: [],
      fault: 'line_too_long',
    });
  });

  it('gives up on an event whose lines together are above the cap', () => {
    const stream = Buffer.from(`${'data:0123456789\n'.repeat(10)}\n`);
    expect(readChunks([stream], { max: 64 }).fault).toBe('event_too_large');
  });

  it('reads an event without its blank line when the stream ends', () => {
    expect(readChunks([Buffer.from('data: [DONE]')], { end: true }).events).toEqual([
      ['message', '[DONE]'],
    ]);
    expect(readChunks([Buffer.from('data: [DONE]\n')], { end: true }).events).toEqual([
      ['message', '[DONE]'],
    ]);
    expect(readChunks([Buffer.from(': bye\n')], { end: true }).events).toEqual([]);
  });

  it('says where events begin and end, so that they tile the stream', () => {
    const ranges: [number, number][] = [];
    const reader = new SseReader(({ start, end }) => ranges.push([start, end]));
    reader.push(Buffer.from('data:1\n\n: ping\n\nda'));
    reader.push(Buffer.from('ta:2\r\n\r\ndata:3'));
    expect(ranges).toEqual([
      [0, 8],
      [16, 26],
    ]);
    expect(reader.wholeEventBytes).toBe(26);
  });

  it('reads the same events however the stream is cut', () => {
    const line = fc.oneof(
      fc
        .string({ unit: 'grapheme', maxLength: 20 })
        .map((text) => `data: ${text.replace(/[\r\n]/g, '')}`),
      fc.constantFrom('', '', ':c', 'event: delta', 'data', 'data:{"a":"漢🚀"}'),
    );
    const stream = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 30 })
      .map((lines) => lines.map(([text, end]) => text + end).join(''));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), (text, cuts) => {
        const bytes = Buffer.from(text);
        expect(readChunks(splitAt(bytes, cuts))).toEqual(readChunks([bytes]));
      }),
    );
  });
});
