/**
 * Who may do what: one row per resource, one column per role. What stands in no cell is denied.
 * Reads need `read`, writes `write`, deletes `delete`; grants per namespace narrow this further.
 * Source: the access matrix of the security requirements.
 */
import { PERMISSIONS, ROLES, type Permission, type Role } from '@ai-gateway/contracts';

type Row = readonly [superAdmin: string, nsAdmin: string, operator: string, auditor: string];

/** r read, w write, d delete; the columns follow `ROLES`. */
const ROWS = {
  users: ['rwd', '', '', 'r'],
  namespaces: ['rwd', 'rw', 'r', 'r'],
  matchers: ['rwd', 'rwd', 'rwd', 'r'],
  rules: ['rwd', 'rwd', 'rwd', 'r'],
  policies: ['rwd', 'rwd', 'rwd', 'r'],
  upstreams: ['rwd', 'r', 'r', 'r'],
  targets: ['rwd', 'r', 'r', 'r'],
  models: ['rwd', 'r', 'r', 'r'],
  'token-rules': ['rwd', 'r', 'r', 'r'],
  routes: ['rwd', 'r', 'r', 'r'],
  'api-keys': ['rwd', 'rwd', 'r', 'r'],
  counters: ['rwd', 'rwd', 'rwd', 'r'],
  explain: ['rw', 'rw', 'rw', 'r'],
  batch: ['rwd', '', '', ''],
  export: ['r', '', '', 'r'],
  import: ['w', '', '', ''],
  usage: ['r', 'r', 'r', 'r'],
  settings: ['rwd', 'r', 'r', 'r'],
  instances: ['r', 'r', 'r', 'r'],
  revisions: ['rw', 'r', 'r', 'r'],
  rollouts: ['rw', 'r', 'r', 'r'],
  drafts: ['rwd', '', '', 'r'],
  audit: ['r', 'r', '', 'r'],
  stats: ['r', 'r', 'r', 'r'],
  health: ['r', 'r', 'r', 'r'],
  sync: ['w', '', '', ''],
  auth: ['rw', 'rw', 'rw', 'rw'],
} as const satisfies Record<string, Row>;

export type Resource = keyof typeof ROWS;
export const RESOURCES = Object.keys(ROWS) as Resource[];

export type AccessMatrix = Record<Resource, Record<Role, Permission[]>>;

export const ACCESS_MATRIX = Object.fromEntries(
  RESOURCES.map((resource) => [resource, cellsOf(ROWS[resource])]),
) as AccessMatrix;

export const mayAccess = (role: Role, resource: Resource, permission: Permission): boolean =>
  ACCESS_MATRIX[resource][role].includes(permission);

/**
 * The permissions a role has on any resource of the configuration, for display: a client that
 * greys out a button by them still gets 403 where the matrix is narrower.
 */
export const permissionsOf = (role: Role): Permission[] =>
  PERMISSIONS.filter((permission) =>
    RESOURCES.some((resource) => resource !== 'auth' && mayAccess(role, resource, permission)),
  );

/**
 * The resource a route pattern is about: its last segment that names one, so
 * `/api/v1/namespaces/:id/rules` is about rules. Settings of instances are settings, though.
 * Null: unknown, to be denied.
 */
export function resourceOfPath(pattern: string): Resource | null {
  const named = pattern.split('/').filter((segment) => Object.hasOwn(ROWS, segment));
  if (named.includes('settings')) return 'settings';
  return (named.at(-1) as Resource | undefined) ?? null;
}

function cellsOf(row: Row): Record<Role, Permission[]> {
  const cells = ROLES.map((role, column) => {
    const letters = row[column] ?? '';
    return [role, PERMISSIONS.filter((permission) => letters.includes(permission.charAt(0)))];
  });
  return Object.fromEntries(cells) as Record<Role, Permission[]>;
}
