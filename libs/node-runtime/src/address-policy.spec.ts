import { describe, expect, it } from 'vitest';
import { createAddressPolicy } from './address-policy.js';

const policy = createAddressPolicy({ allow: [] });

describe('address policy', () => {
  it.each([
    ['file:///etc/passwd'],
    ['gopher://example.com/'],
    ['http://user:pw@example.com'],
    ['http://127.0.0.1:9000'],
    ['http://127.1'],
    ['http://2130706433/'],
    ['http://0x7f000001'],
    ['http://0177.0.0.1'],
    ['http://1７2.16.0.1'],
    ['http://10.1'],
    ['http://localhost:8003'],
    ['http://api.localhost'],
    ['http://LOCALHOST.'],
    ['http://[::1]'],
    ['http://[::]'],
    ['http://[::ffff:169.254.169.254]'],
    ['http://[::ffff:7f00:1]'],
    ['http://[::7f00:1]'],
    ['http://[64:ff9b::a9fe:a9fe]'],
    ['http://[2002:7f00:1::]'],
    ['http://[fe80::1]'],
    ['http://169.254.169.254/latest'],
    ['http://100.100.100.200'],
    ['http://metadata.google.internal'],
    ['http://0.0.0.0'],
    ['http://example.com:6379'],
    ['http://example.com:22'],
    ['nonsense'],
  ])('denies %s', (url) => {
    expect(policy.checkUrl(url).allowed).toBe(false);
  });

  it.each([
    ['https://api.example.com'],
    ['https://api.example.com:8443/v1'],
    ['http://10.0.0.5:8000'],
    ['http://192.168.1.10:8000/'],
    ['http://[2001:db8::5]:8000'],
    ['http://vllm.models.svc:8000'],
  ])('allows %s', (url) => {
    expect(policy.checkUrl(url)).toEqual({ allowed: true });
  });

  it('allows what the deployment lists, in every notation of the same address', () => {
    const open = createAddressPolicy({ allow: ['127.0.0.0/8', '::1'] });
    expect(open.checkUrl('http://127.0.0.1:8003').allowed).toBe(true);
    expect(open.checkUrl('http://localhost:8003').allowed).toBe(true);
    expect(open.checkAddress('::ffff:127.0.0.1').allowed).toBe(true);
    expect(open.checkAddress('::1').allowed).toBe(true);
    expect(open.checkAddress('169.254.169.254').allowed).toBe(false);
  });

  it('checks addresses after name resolution', () => {
    expect(policy.checkAddress('127.0.0.1').allowed).toBe(false);
    expect(policy.checkAddress('93.184.216.34').allowed).toBe(true);
    expect(policy.checkAddress('not an address').allowed).toBe(false);
  });

  it('refuses an allow list that is malformed', () => {
    expect(() => createAddressPolicy({ allow: ['127.0.0.0/33'] })).toThrow(RangeError);
    expect(() => createAddressPolicy({ allow: ['everything'] })).toThrow(RangeError);
  });
});
