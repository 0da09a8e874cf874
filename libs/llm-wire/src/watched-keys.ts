/**
 * Fields whose keys the scanner watches: those that decide routing, limits or accounting. A trie of
 * dotted paths, built once per configuration revision, so that a scan looks up one key per field of
 * a watched object and nothing inside unwatched ones.
 */
export interface KeyNode {
  /** Index into the scan's ranges; the root is 0. */
  readonly id: number;
  readonly children: ReadonlyMap<string, KeyNode>;
}

export interface WatchedKeys {
  readonly root: KeyNode;
  readonly size: number;
  readonly idByPath: ReadonlyMap<string, number>;
  readonly pathById: readonly string[];
}

/** What the gateway itself reads; gateway and upstream must not read different values of these. */
export const BUILT_IN_KEYS = [
  'model',
  'stream',
  'stream_options',
  'stream_options.include_usage',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'best_of',
  'messages',
  'prompt',
  'input',
  'system',
  'tools',
  'user',
  'metadata',
  'metadata.user_id',
] as const;

interface GrowingNode {
  readonly id: number;
  readonly children: Map<string, GrowingNode>;
}

/**
 * @param paths dotted paths of matchers and rules beside the built-in ones; a segment that is a
 * number also names an element of a list. Every prefix of a path is watched too.
 */
export function watchKeys(paths: Iterable<string> = []): WatchedKeys {
  const root: GrowingNode = { id: 0, children: new Map() };
  const pathById = [''];
  const idByPath = new Map<string, number>();
  for (const path of [...BUILT_IN_KEYS, ...paths]) {
    const segments = path.split('.');
    let node = root;
    for (const [index, segment] of segments.entries()) {
      const child = node.children.get(segment) ?? { id: pathById.length, children: new Map() };
      if (child.id === pathById.length) pathById.push(segments.slice(0, index + 1).join('.'));
      node.children.set(segment, child);
      node = child;
    }
    idByPath.set(path, node.id);
  }
  return { root, size: pathById.length, idByPath, pathById };
}
