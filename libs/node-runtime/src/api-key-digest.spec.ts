import { describe, expect, it } from 'vitest';
import { createApiKeyDigest, hasApiKeyShape, newApiKey } from './api-key-digest.js';
import { newMasterKeyText, parseMasterKey } from './secret-box.js';

describe('an API key', () => {
  it('is refused by shape when a digit is mistyped, missing or added', () => {
    const key = newApiKey();
    const last = key.endsWith('0') ? '1' : '0';
    expect(hasApiKeyShape(key.slice(0, -1) + last)).toBe(false);
    expect(hasApiKeyShape(key.slice(0, -1))).toBe(false);
    expect(hasApiKeyShape(`${key}0`)).toBe(false);
    expect(hasApiKeyShape(`${key}\n`)).toBe(false);
    expect(hasApiKeyShape(key.replace('agw_', 'sk-_'))).toBe(false);
    expect(hasApiKeyShape('')).toBe(false);
  });

  it('has its own shape and 160 random bits', () => {
    const keys = new Set(Array.from({ length: 200 }, newApiKey));
    expect(keys.size).toBe(200);
    for (const key of keys) {
      expect(key).toMatch(/^agw_[0-9a-f]{48}$/);
      expect(hasApiKeyShape(key)).toBe(true);
    }
  });

  it('has a digest that depends on the master key and does not contain the key', () => {
    const [one, other] = [newMasterKeyText(), newMasterKeyText()].map(parseMasterKey);
    if (!one || !other) throw new Error('two master keys expected');
    const key = newApiKey();
    const digest = createApiKeyDigest(one);
    expect(digest(key)).toMatch(/^[0-9a-f]{64}$/);
    expect(digest(key)).toBe(createApiKeyDigest(one)(key));
    expect(digest(key)).not.toBe(createApiKeyDigest(other)(key));
    expect(digest(key)).not.toContain(key.slice(4, 20));
  });
});
