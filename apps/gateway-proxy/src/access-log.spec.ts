import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AccessLog } from './access-log.js';

describe('the access log', () => {
  const written: string[] = [];
  let log: AccessLog;

  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
    written.length = 0;
    log = new AccessLog({ name: 'gateway-proxy' }, { write: (text) => written.push(text) });
  });
  afterEach(() => vi.useRealTimers());

  it('writes a JSON line per record, with the fields of every log line', () => {
    log.write({ request_id: 'req_1', path: '/v1/"quoted"\n' });
    log.flush();
    expect(written).toHaveLength(1);
    expect(written[0]?.endsWith('\n')).toBe(true);
    expect(JSON.parse(written[0] ?? '')).toEqual({
      level: 'info',
      time: '1970-01-01T00:00:00.000Z',
      name: 'gateway-proxy',
      msg: 'request',
      request_id: 'req_1',
      path: '/v1/"quoted"\n',
    });
  });

  it('collects lines and writes them within a quarter of a second', () => {
    log.write({ request_id: 'req_1' });
    log.write({ request_id: 'req_2' });
    expect(written).toEqual([]);
    vi.advanceTimersByTime(250);
    expect(written).toHaveLength(1);
    expect(written[0]?.trimEnd().split('\n')).toHaveLength(2);
  });

  it('writes a full block at once', () => {
    log.write({ path: 'x'.repeat(65_536) });
    expect(written).toHaveLength(1);
  });

  it('writes nothing when there is nothing to write', () => {
    log.flush();
    expect(written).toEqual([]);
  });
});
