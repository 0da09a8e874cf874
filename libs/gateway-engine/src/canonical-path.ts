/**
 * One canonical form of a request path, made before routing and authorisation, so that both judge
 * what the upstream will see. Percent escapes of characters that may stand in a path anyway are
 * decoded, the others kept in upper case; the result is pure ASCII and valid on the wire. What
 * servers are known to read differently is refused instead of repaired: empty and dot segments
 * (also with `;` parameters), encoded slashes and backslashes, control bytes, broken escapes.
 * Source: RFC 3986 sections 3.3 and 6.2.2.
 */

/** Printable ASCII without backslash, `?` and `#`. */
const ALLOWED = /^[\x21\x22\x24-\x3e\x40-\x5b\x5d-\x7e]*$/;
const DOT_SEGMENT = /^\.{1,2}(?:;|$)/;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;
const PATH_CHARACTER = /[A-Za-z0-9._~!$&'()*+,;=:@-]/;
const FORBIDDEN_ESCAPE = /%(?:[01][0-9A-F]|7F|2F|5C)/;

/**
 * @param rawPath the path as it came, without query
 * @returns null when the path must be refused
 */
export function canonicalPath(rawPath: string): string | null {
  if (!rawPath.startsWith('/') || !ALLOWED.test(rawPath)) return null;
  const path = rawPath.includes('%') ? decodeHarmless(rawPath) : rawPath;
  if (path === null || path.includes('//')) return null;
  return path.split('/').some((segment) => DOT_SEGMENT.test(segment)) ? null : path;
}

function decodeHarmless(path: string): string | null {
  if (!isDecodable(path)) return null;
  const decoded = path.replace(ESCAPE, (escape, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return PATH_CHARACTER.test(character) ? character : escape.toUpperCase();
  });
  return FORBIDDEN_ESCAPE.test(decoded) ? null : decoded;
}

/** Complete escapes of valid UTF-8, so no overlong forms either. */
function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
