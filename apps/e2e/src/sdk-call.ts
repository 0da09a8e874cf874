/** What the tests of both official SDKs do with their calls. */

/** Request options that tell mock-llm how to answer; the tested gateways forward these headers. */
export const mock = (script: Record<string, string | number>) => ({
  headers: Object.fromEntries(
    Object.entries(script).map(([name, value]) => [`x-mock-${name}`, String(value)]),
  ),
});

/** What a call fails with; rejects when it succeeds. */
export async function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('the request succeeded');
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
