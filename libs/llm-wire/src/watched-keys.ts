/**
 * Fields whose keys the scanner watches: those that decide routing, limits or accounting. A trie of
 * dotted paths, built once per configuration revision, so that a scan looks up one key per field of
 * a watched object and nothing inside unwatched ones.
 */
export interface KeyNode {
  /** Index into the scan's ranges; the root is 0. */
  readonly id: number;
  readonly children: ReadonlyMap<string, KeyNode>;
  /** The same children by the byte length of their key, to be found without decoding it. */
  readonly byLength: readonly (readonly KeyBytes[] | undefined)[];
}

export interface KeyBytes {
  readonly bytes: Buffer;
  readonly node: KeyNode;
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
  readonly byLength: KeyBytes[][];
}

/**
 * @param paths dotted paths of matchers and rules beside the built-in ones; a segment that is a
 * number also names an element of a list. Every prefix of a path is watched too.
 */
export function watchKeys(paths: Iterable<string> = []): WatchedKeys {
  const root = newNode(0);
  const pathById = [''];
  const idByPath = new Map<string, number>();
  for (const path of [...BUILT_IN_KEYS, ...paths]) {
    const segments = path.split('.');
    let node = root;
    for (const [index, segment] of segments.entries()) {
      const known = node.children.get(segment);
      node = known ?? addChild(node, segment, pathById.length);
      if (known === undefined) pathById.push(segments.slice(0, index + 1).join('.'));
    }
    idByPath.set(path, node.id);
  }
  return { root, size: pathById.length, idByPath, pathById };
}

const newNode = (id: number): GrowingNode => ({ id, children: new Map(), byLength: [] });

function addChild(parent: GrowingNode, segment: string, id: number): GrowingNode {
  const node = newNode(id);
  const bytes = Buffer.from(segment);
  parent.children.set(segment, node);
  (parent.byLength[bytes.length] ??= []).push({ bytes, node });
  return node;
}
