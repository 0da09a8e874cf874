import { describe, expect, it } from 'vitest';
import { formatLogLine } from './log-line.format.js';
import { Terminal } from './terminal.js';

const TIME = '2026-03-04T05:06:07.089Z';
const CLOCK = new Date(TIME).toTimeString().slice(0, 8);
const lineOf = (fields: object) =>
  JSON.stringify({ level: 'info', time: TIME, msg: 'm', ...fields });
const format = (fields: object, colour = false) =>
  formatLogLine('gateway-1', lineOf(fields), { colour });

describe('formatLogLine', () => {
  it('shows time, process, level, message and fields', () => {
    expect(
      format({ pid: 1, hostname: 'h', name: 'x', msg: 'took over', revision: 7, from: 'a b' }),
    ).toBe(`${CLOCK} gateway-1     info  took over revision=7 from="a b"`);
  });

  it('makes control characters of a client visible instead of obeying them', () => {
    const shown = format({ msg: 'a\n\u001b[31mb', path: 'x\u009b2J', ['k\r']: 'y' });
    expect(shown).not.toMatch(/\p{Cc}/u);
    expect(shown).toContain('a\\u000a\\u001b[31mb');
  });

  it('shows the messages of an error and its causes on one line', () => {
    const err = {
      message: 'no answer',
      stack: 'x\ny',
      cause: { message: 'reset', code: 'ECONNRESET' },
    };
    expect(format({ level: 'warn', err })).toBe(
      `${CLOCK} gateway-1     warn  m err="no answer < reset (ECONNRESET)"`,
    );
  });

  it('uses colour only when told to', () => {
    expect(format({ level: 'error' }, true)).toContain('\u001b[31merror\u001b[0m');
    expect(format({ level: 'error' })).not.toContain('\u001b');
  });

  it.each(['plain text', '{not json', ''])('leaves %j alone', (line) => {
    expect(formatLogLine('x', line, { colour: false })).toBeNull();
  });
});

describe('Terminal', () => {
  it('passes plain lines of a process on with its name', () => {
    const written: string[] = [];
    const terminal = new Terminal({ write: (text) => written.push(text), colour: false });
    terminal.childLine('config-center', 'bootstrap: admin password 1234');
    terminal.childLine('config-center', '');
    expect(written).toEqual(['config-center: bootstrap: admin password 1234\n']);
  });
});
