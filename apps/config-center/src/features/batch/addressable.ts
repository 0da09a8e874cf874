/**
 * What an operation of a batch may be about: resources that are written within a revision. Every
 * part of its path must be one of them, an id or a reference, so that neither actions (rotating a
 * key, rolling back) nor a batch within a batch can be reached.
 */
import { AdminError } from '@ai-gateway/nest-runtime';

const RESOURCES = new Set([
  'namespaces',
  'matchers',
  'rules',
  'policies',
  'upstreams',
  'targets',
  'models',
  'routes',
  'token-rules',
  'api-keys',
  'users',
]);

/** Addressed by level and name. */
const SETTINGS = /^settings\/(cluster|(groups|instances)\/[A-Za-z0-9][A-Za-z0-9._-]{0,99})$/;

const PREFIX = '/api/v1/';
const ID = /^(\d{1,16}|\$\d{1,6}\.[A-Za-z_][A-Za-z0-9_.]*)$/;

/** Rejects with UNPROCESSABLE. */
export function requireAddressable(path: string): void {
  const [pathname = ''] = path.split('?', 1);
  const place = pathname.replace(PREFIX, '');
  const [first = '', ...more] = place.split('/');
  const isResource =
    RESOURCES.has(first) && more.every((segment) => ID.test(segment) || RESOURCES.has(segment));
  if (pathname.startsWith(PREFIX) && (isResource || SETTINGS.test(place))) return;
  throw new AdminError('UNPROCESSABLE', {
    details: [{ path: 'path', message: 'names no resource that a batch may write' }],
  });
}
