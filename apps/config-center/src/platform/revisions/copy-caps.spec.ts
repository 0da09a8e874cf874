import { MAX_RESOURCES } from '@ai-gateway/contracts';
import { describe, expect, it } from 'vitest';
import { isOverCap, requireWithinCaps } from './copy-caps.js';

const upstreams = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ kind: 'upstream', id, revision: 1, value: {} }));

function refusal(count: number): unknown {
  try {
    requireWithinCaps(upstreams(count));
  } catch (error) {
    return error;
  }
  return null;
}

describe('what goes into the copy', () => {
  it('may be as many of a kind as gateways take, and of a kind nobody knows any number', () => {
    expect(refusal(MAX_RESOURCES.upstream)).toBeNull();
    const unknown = upstreams(MAX_RESOURCES.upstream + 1).map((each) => ({ ...each, kind: 'x' }));
    expect(() => requireWithinCaps(unknown)).not.toThrow();
  });

  it('is refused beyond that, naming kind and number', () => {
    const error = refusal(MAX_RESOURCES.upstream + 1);
    expect(isOverCap(error)).toBe(true);
    const message = `${MAX_RESOURCES.upstream + 1}, more than the ${MAX_RESOURCES.upstream} allowed`;
    expect(error).toMatchObject({ details: [{ path: 'upstream', message }] });
    expect(isOverCap(new Error('something else'))).toBe(false);
  });
});
