import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanJson, type JsonScan } from './json-scan.js';
import { fieldEdit, includeUsageEdit, spliceField, spliceFields } from './splice.js';
import { watchKeys } from './watched-keys.js';

const KEYS = watchKeys();

function scanned(text: string): { bytes: Buffer; scan: JsonScan } {
  const bytes = Buffer.from(text);
  const scan = scanJson(bytes, KEYS);
  if (!scan.ok) throw new Error(scan.reason);
  return { bytes, scan };
}

describe('spliceFields', () => {
  it('replaces a value and leaves every other byte as it was', () => {
    const { bytes, scan } = scanned('{ "id":9007199254740993, "model" : "a", "é":1e400 }');
    const spliced = spliceFields(bytes, [fieldEdit(scan, 'model', 'gpt "4"')]);
    expect(spliced.toString()).toBe(
      '{ "id":9007199254740993, "model" : "gpt \\"4\\"", "é":1e400 }',
    );
  });

  it('adds a field that is not there, also to an empty object', () => {
    expect(spliceField(Buffer.from(' { "a":1}'), null, 'b', [2]).toString()).toBe(
      ' {"b":[2], "a":1}',
    );
    expect(spliceField(Buffer.from('{ }'), null, 'b', 2).toString()).toBe('{"b":2 }');
  });

  it('makes several changes at once, in any order', () => {
    const { bytes, scan } = scanned('{"max_tokens":5,"x":1,"model":"a"}');
    const edits = [
      fieldEdit(scan, 'model', 'b'),
      fieldEdit(scan, 'stream', true),
      fieldEdit(scan, 'max_tokens', 1000),
      fieldEdit(scan, 'n', 2),
    ];
    expect(spliceFields(bytes, edits).toString()).toBe(
      '{"stream":true,"n":2,"max_tokens":1000,"x":1,"model":"b"}',
    );
    expect(
      spliceFields(Buffer.from('{}'), edits.slice(1, 2).concat(edits.slice(3))).toString(),
    ).toBe('{"stream":true,"n":2}');
  });

  it('gives what assigning the field would give', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 5 }), value), value, (fields, model) => {
        const text = JSON.stringify(fields);
        fc.pre(!/\\u[dD][89a-fA-F]/.test(text));
        const { bytes, scan } = scanned(text);
        const spliced = spliceFields(bytes, [fieldEdit(scan, 'model', model)]);
        const expected = JSON.parse(JSON.stringify({ ...JSON.parse(text), model }));
        expect(JSON.parse(spliced.toString())).toEqual(expected);
      }),
    );
  });
});

describe('includeUsageEdit', () => {
  it.each([
    ['{"a":1}', '{"stream_options":{"include_usage":true},"a":1}'],
    ['{"stream_options":null}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options":{}}', '{"stream_options":{"include_usage":true}}'],
    ['{"stream_options":{"x":1.0}}', '{"stream_options":{"include_usage":true,"x":1.0}}'],
    [
      '{"stream_options": {"x":1.0, "include_usage" : false}}',
      '{"stream_options": {"x":1.0, "include_usage" : true}}',
    ],
  ])('turns usage on in %s', (text, expected) => {
    const { bytes, scan } = scanned(text);
    expect(spliceFields(bytes, [includeUsageEdit(bytes, scan, JSON.parse(text))]).toString()).toBe(
      expected,
    );
  });
});
