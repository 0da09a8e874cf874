import { describe, expect, it } from 'vitest';
import { ROLES } from '@ai-gateway/contracts';
import {
  ACCESS_MATRIX,
  mayAccess,
  permissionsOf,
  RESOURCES,
  resourceOfPath,
} from './access-matrix.js';

describe('the access matrix', () => {
  it('lets nobody but a super admin change users, upstreams and targets', () => {
    for (const resource of [
      'users',
      'upstreams',
      'targets',
      'models',
      'routes',
      'settings',
      'sync',
    ] as const) {
      for (const role of ['ns_admin', 'operator', 'auditor'] as const) {
        expect(mayAccess(role, resource, 'write')).toBe(false);
        expect(mayAccess(role, resource, 'delete')).toBe(false);
      }
    }
  });

  it('lets an auditor change nothing but the own session', () => {
    const changed = RESOURCES.filter(
      (resource) =>
        mayAccess('auditor', resource, 'write') || mayAccess('auditor', resource, 'delete'),
    );
    expect(changed).toEqual(['auth']);
  });

  it('hides users and the audit log from operators', () => {
    expect(ACCESS_MATRIX.users.operator).toEqual([]);
    expect(ACCESS_MATRIX.users.ns_admin).toEqual([]);
    expect(ACCESS_MATRIX.users.auditor).toEqual(['read']);
    expect(ACCESS_MATRIX.audit.operator).toEqual([]);
  });

  it('lets namespace admins issue API keys and operators only see them', () => {
    expect(ACCESS_MATRIX['api-keys'].ns_admin).toEqual(['read', 'write', 'delete']);
    expect(ACCESS_MATRIX['api-keys'].operator).toEqual(['read']);
    expect(ACCESS_MATRIX.rules.operator).toEqual(['read', 'write', 'delete']);
    expect(ACCESS_MATRIX.counters.auditor).toEqual(['read']);
  });

  it('gives a super admin whatever any role has', () => {
    const cells = RESOURCES.flatMap((resource) => ROLES.map((role) => ({ resource, role })));
    const beyond = cells.filter(({ resource, role }) =>
      ACCESS_MATRIX[resource][role].some(
        (permission) => !mayAccess('super_admin', resource, permission),
      ),
    );
    expect(beyond).toEqual([]);
  });

  it('sums up what a role may do at all', () => {
    expect(permissionsOf('super_admin')).toEqual(['read', 'write', 'delete']);
    expect(permissionsOf('operator')).toEqual(['read', 'write', 'delete']);
    expect(permissionsOf('auditor')).toEqual(['read']);
  });
});

describe('the resource of a route', () => {
  it.each([
    ['/api/v1/users', 'users'],
    ['/api/v1/namespaces/:namespace_id', 'namespaces'],
    ['/api/v1/namespaces/:namespace_id/rules', 'rules'],
    ['/api/v1/upstreams/:upstream_id/targets', 'targets'],
    ['/api/v1/counters/:counter_key/increment', 'counters'],
    ['/admin/routes/:route_id', 'routes'],
    ['/api/v1/namespaces/:namespace_id/effective-rules', 'namespaces'],
    ['/api/v1/settings/instances/:instance_id', 'settings'],
    ['/stats', 'stats'],
  ])('of %s is %s', (pattern, resource) => {
    expect(resourceOfPath(pattern)).toBe(resource);
  });

  it('is unknown for a path that names none, whatever objects inherit', () => {
    expect(resourceOfPath('/api/v1/constructor')).toBeNull();
    expect(resourceOfPath('/')).toBeNull();
  });
});
