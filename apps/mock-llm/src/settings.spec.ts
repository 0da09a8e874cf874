import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.js';

describe('readSettings', () => {
  it('listens on loopback by default', () => {
    expect(readSettings({})).toMatchObject({ port: 8003, host: '127.0.0.1', logLevel: 'info' });
  });

  it('stops on malformed and unknown settings', () => {
    expect(() => readSettings({ MOCK_LLM_PORT: 'x' })).toThrow('MOCK_LLM_PORT');
    expect(() => readSettings({ MOCK_LLM_PROT: '1' })).toThrow('MOCK_LLM_PROT');
  });
});
