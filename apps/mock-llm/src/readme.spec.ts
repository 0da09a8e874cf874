import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SCRIPT_FIELDS } from './script.schema.js';
import { settingsSpec } from './settings.js';

describe('the README', () => {
  const text = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

  it.each([...SCRIPT_FIELDS, ...Object.keys(settingsSpec.shape)])('explains %s', (name) => {
    expect(text).toContain(`\`${name}\``);
  });
});
