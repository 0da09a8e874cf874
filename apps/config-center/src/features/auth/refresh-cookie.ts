/**
 * The console keeps its refresh token where no script can read it. The cookie goes to the auth
 * routes only, and only with the header `x-console: 1` is it written or read: a page of another site
 * cannot send that header, so the cookie alone does nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

const NAME = 'agw_refresh';
const ATTRIBUTES = 'Path=/api/v1/auth; HttpOnly; Secure; SameSite=Strict';

export const isConsole = ({ headers }: IncomingMessage): boolean => headers['x-console'] === '1';

export function readRefreshCookie({ headers }: IncomingMessage): string | null {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim());
  const values = pairs.filter((pair) => pair.startsWith(`${NAME}=`));
  // Two of them mean that somebody else set one.
  return values.length === 1 ? (values[0] ?? '').slice(NAME.length + 1) : null;
}

export const writeRefreshCookie = (
  response: ServerResponse,
  refreshToken: string,
  maxAgeSec: number,
): void => {
  response.appendHeader(
    'set-cookie',
    `${NAME}=${refreshToken}; ${ATTRIBUTES}; Max-Age=${maxAgeSec}`,
  );
};

export const clearRefreshCookie = (response: ServerResponse): void =>
  writeRefreshCookie(response, '', 0);
