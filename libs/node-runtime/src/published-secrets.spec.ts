import { describe, expect, it } from 'vitest';
import { isPublishedSecret } from './published-secrets.js';

describe('published secrets', () => {
  it.each([
    ['ChangeMe', true],
    ['mysql://gateway:%70assword@db/x', true],
    ['mysql://gateway:100%sure@db/x', false],
    ['mysql://gateway@db/x', false],
    ['of your own', false],
  ])('are recognised, also within a URL: %s', (value, published) => {
    expect(isPublishedSecret(value)).toBe(published);
  });
});
