import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJsonBody, scanJson, type JsonRefusal } from './json-scan.js';
import { watchKeys } from './watched-keys.js';

const KEYS = watchKeys(['metadata.tenant.code', 'items.1.kind']);

const read = (body: string | Buffer) => readJsonBody(Buffer.from(body), KEYS);

function reasonOf(body: string | Buffer): string | null {
  const result = read(body);
  return result.ok ? null : result.reason;
}

function sliceAt(body: string, path: string): string | null {
  const bytes = Buffer.from(body);
  const scan = scanJson(bytes, KEYS);
  if (!scan.ok) throw new Error(scan.reason);
  const range = scan.rangeOf(path);
  return range && bytes.toString('utf8', range.start, range.end);
}

describe('readJsonBody', () => {
  it.each([
    ['an empty body', ''],
    ['white space', ' \n'],
    ['a truncated object', '{"model":"a"'],
    ['a truncated string', '{"model":"a'],
    ['a truncated escape', '"\\u12'],
    ['a trailing comma', '{"model":"a",}'],
    ['text after the value', '{} x'],
    ['two values', '{}{}'],
    ['stray closing brackets', ']]}}'],
    ['a single quote', "{'a':1}"],
    ['NaN', '{"a":NaN}'],
    ['a leading zero', '[012]'],
    ['a bare newline in a string', '"a\nb"'],
    ['a key without value', '{"a"}'],
    ['only commas', ',,,,'],
    ['a colon in a list', '["a":1]'],
  ])('refuses %s as invalid JSON', (_name, body) => {
    expect(reasonOf(body)).toBe('invalid_json');
  });

  it.each([
    ['a byte order mark', Buffer.from('\uFEFF{}')],
    ['UTF-16 with a mark', Buffer.from('\uFEFF{}', 'utf16le')],
    ['UTF-16 without a mark', Buffer.from('{"a":1}', 'utf16le')],
    ['invalid UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
    ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['an escaped lone high surrogate', Buffer.from('"\\ud83d"')],
    ['an escaped lone low surrogate', Buffer.from('"\\ude00 \\ud83d"')],
    ['two high surrogates', Buffer.from('"\\ud83d\\ud83d"')],
  ])('refuses %s as invalid encoding', (_name, body) => {
    expect(reasonOf(body)).toBe('invalid_encoding');
  });

  it('accepts escaped surrogate pairs and escaped backslashes before a u', () => {
    expect(reasonOf('["\\ud83d\\ude00","\\\\ud83d","\\"\\ud83d\\uDE00"]')).toBeNull();
  });

  it('accepts 64 levels and refuses the 65th', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(reasonOf(nested(64))).toBeNull();
    expect(reasonOf(nested(65))).toBe('json_too_deep');
    expect(reasonOf('['.repeat(200_000))).toBe('json_too_deep');
    expect(reasonOf('{"a":'.repeat(200_000))).toBe('json_too_deep');
  });

  it('refuses a million elements or keys before parsing', () => {
    expect(reasonOf(`[${'1,'.repeat(1_000_000)}1]`)).toBe('json_too_large');
    expect(reasonOf(`{${'"k":1,'.repeat(1_000_000)}"k":1}`)).toBe('json_too_large');
  });

  it.each([
    ['model', '{"model":"a","x":1,"model":"b"}'],
    ['model', '{"model":"a","mod\\u0065l":"b"}'],
    ['metadata.tenant', '{"metadata":{"tenant":{"code":1},"tenant":{}}}'],
    ['metadata.tenant.code', '{"metadata":{"tenant":{"code":1,"code":1}}}'],
    ['metadata', '{"metadata":{"tenant":1},"metadata":2}'],
    ['items.1.kind', '{"items":[{"kind":1,"kind":2},{"kind":1,"kind":2}]}'],
    ['messages', '{"messages":[{"role":"user"}],"messages":[]}'],
  ])('refuses %s twice', (param, body) => {
    expect(read(body)).toMatchObject({ ok: false, reason: 'duplicate_key', param });
  });

  it('lets other keys appear twice, and watched names elsewhere', () => {
    expect(
      reasonOf('{"x":1,"x":2,"y":{"model":1,"model":2},"messages":[{"model":1,"model":2}]}'),
    ).toBeNull();
  });

  it('treats prototype names as plain data', () => {
    const result = read('{"__proto__":{"max_tokens":1},"constructor":{"prototype":{"x":1}}}');
    expect(result.ok && Object.hasOwn(result.value as object, '__proto__')).toBe(true);
    expect(result.ok && (result.value as { max_tokens?: number }).max_tokens).toBeUndefined();
  });

  it('never quotes the body in a refusal', () => {
    const result = read('{"model": sk-secret}') as JsonRefusal;
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('accepts every document JSON can write, and refuses none for its content', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        fc.pre(text.isWellFormed() && !/\\u[dD][89a-fA-F]/.test(text));
        expect(read(text)).toMatchObject({ ok: true });
      }),
    );
  });

  it('finds the end of long strings with escapes anywhere', () => {
    const filler = fc.string({ maxLength: 120 });
    const escape = fc.constantFrom('\\n', '\\"', '\\\\', '\\u0041', '');
    fc.assert(
      fc.property(fc.array(fc.tuple(filler, escape), { maxLength: 8 }), (parts) => {
        const inner = parts
          .map(([text, tail]) => JSON.stringify(text).slice(1, -1) + tail)
          .join('');
        const body = `{"a":"${inner}","model":"${inner}","b":1}`;
        expect(sliceAt(body, 'model')).toBe(`"${inner}"`);
      }),
    );
  });

  it('never throws on arbitrary bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => typeof read(Buffer.from(bytes)).ok === 'boolean',
      ),
    );
  });
});

describe('rangeOf', () => {
  const body =
    ' { "model" : "gpt-\\"4o" , "stream":true,"stream_options" : {"x":[1,{}], "include_usage" :null }, "max_tokens":  16}';

  it.each([
    ['model', '"gpt-\\"4o"'],
    ['stream', 'true'],
    ['stream_options', '{"x":[1,{}], "include_usage" :null }'],
    ['stream_options.include_usage', 'null'],
    ['max_tokens', '16'],
    ['max_completion_tokens', null],
    ['not.watched', null],
  ])('finds the bytes of %s', (path, expected) => {
    expect(sliceAt(body, path)).toBe(expected);
  });

  it('is not fooled by the same name deeper down or in text', () => {
    expect(sliceAt('{"a":{"model":"x"},"b":"\\"model\\":1","c":["model"]}', 'model')).toBeNull();
  });

  it('finds every top-level value where JSON.parse sees it', () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(value, value, value, (before, model, after) => {
        const text = JSON.stringify({ before, model, after }, null, 1);
        fc.pre(!/\\u[dD][89a-fA-F]/.test(text));
        expect(JSON.parse(sliceAt(text, 'model') ?? '')).toEqual(JSON.parse(JSON.stringify(model)));
      }),
    );
  });
});
