/**
 * The path side of a route: does it match, and which path does the target get. A wildcard `*`
 * stands for any text, slashes included; its pieces are searched one after the other from the left,
 * so that matching never tries anything twice.
 */
import type { RouteConfig } from '@ai-gateway/contracts';
import { UncompilableError } from './uncompilable.error.js';

export type TargetPath = (path: string) => string;

/** The prefix without its trailing slash; `/` becomes empty. */
export function prefixOf(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** What each `*` took; null when the path does not match. */
export type Wildcard = (path: string) => string[] | null;

export function compileWildcard(pattern: string): Wildcard {
  const [head = '', ...pieces] = wildcardPieces(pattern);
  const tail = pieces.pop();
  if (tail === undefined) return (path) => (path === head ? [] : null);
  return (path) => {
    const end = path.length - tail.length;
    if (end < head.length || !path.startsWith(head) || !path.endsWith(tail)) return null;
    const taken: string[] = [];
    let from = head.length;
    for (const piece of pieces) {
      const at = path.indexOf(piece, from);
      if (at < 0 || at + piece.length > end) return null;
      taken.push(path.slice(from, at));
      from = at + piece.length;
    }
    taken.push(path.slice(from, end));
    return taken;
  };
}

/** Several `*` in a row say the same as one. */
const wildcardPieces = (pattern: string): string[] => pattern.split(/\*+/);

/**
 * `target_url` stands in for what the route's path matched: the whole path, the prefix, or, star by
 * star, what the wildcard took. `strip_prefix` alone is short for `/` in place of the prefix.
 * @throws UncompilableError
 */
export function compileTargetPath(config: RouteConfig): TargetPath {
  const { path_type: type, path: pattern, target_url: target, strip_prefix: strip } = config;
  const stars = target === null ? 0 : wildcardPieces(target).length - 1;
  const allowed = type === 'wildcard' ? wildcardPieces(pattern).length - 1 : 0;
  if (stars > allowed) throw new UncompilableError('target_url has more * than path');
  if (type === 'prefix' && (target !== null || strip)) {
    const prefixLength = prefixOf(pattern).length;
    const base = prefixOf(target ?? '/');
    return (path) => base + path.slice(prefixLength) || '/';
  }
  if (target === null) return (path) => path;
  if (stars === 0) return () => target;
  const wildcard = compileWildcard(pattern);
  const [head = '', ...pieces] = wildcardPieces(target);
  return (path) => {
    const taken = wildcard(path) ?? [];
    return pieces.reduce((made, piece, i) => made + (taken[i] ?? '') + piece, head);
  };
}
