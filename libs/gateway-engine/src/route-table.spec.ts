import type { RouteConfig } from '@ai-gateway/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facts, route, upstream, type FactsSample } from './config.samples.js';
import { compileRoute } from './route.compiler.js';
import { compileWildcard } from './route-pattern.js';
import { buildRouteTable, findRoute, type RouteChoice } from './route-table.js';
import { compileUpstream } from './upstream.compiler.js';

const somewhere = compileUpstream(upstream(1, { timeouts: { idle_ms: 500 } }), []);
const compiled = (config: RouteConfig) => compileRoute(config, somewhere);

const choose = (configs: RouteConfig[], sample: FactsSample): RouteChoice | null =>
  findRoute(buildRouteTable(configs.map(compiled)), facts(sample));

function chosenId(configs: RouteConfig[], sample: FactsSample): number | null {
  const choice = choose(configs, sample);
  return choice?.kind === 'found' ? choice.route.id : null;
}

const prefix = (id: number, path: string, over: Partial<RouteConfig> = {}) =>
  route(id, { path, path_type: 'prefix', ...over });
const wildcard = (id: number, path: string, over: Partial<RouteConfig> = {}) =>
  route(id, { path, path_type: 'wildcard', ...over });

describe('which paths a route takes', () => {
  it.each([
    ['exact', '/a', '/a', true],
    ['exact', '/a', '/a/', false],
    ['exact', '/a', '/A', false],
    ['exact', '/a*', '/ab', false],
    ['prefix', '/a', '/a', true],
    ['prefix', '/a', '/a/', true],
    ['prefix', '/a', '/a/b/c', true],
    ['prefix', '/a', '/ab', false],
    ['prefix', '/a/', '/a', true],
    ['prefix', '/a/', '/a/b', true],
    ['prefix', '/a/b', '/a', false],
    ['prefix', '/', '/', true],
    ['prefix', '/', '/x/y', true],
    ['wildcard', '/a/*', '/a/b/c', true],
    ['wildcard', '/a/*', '/a/', true],
    ['wildcard', '/a/*', '/a', false],
    ['wildcard', '/a/*/c', '/a/b/c', true],
    ['wildcard', '/a/*/c', '/a/b/d', false],
    ['wildcard', '/a/*/*/d', '/a/b/c/d', true],
    ['wildcard', '/a/**', '/a/b', true],
    ['wildcard', '/a', '/a', true],
    ['wildcard', '/a', '/b', false],
    ['wildcard', '/ab*ba', '/aba', false],
  ] as const)('%s %s takes %s: %s', (type, path, asked, expected) => {
    const id = chosenId([route(1, { path, path_type: type })], { path: asked });
    expect(id).toBe(expected ? 1 : null);
  });

  it('is nobody’s without routes', () => {
    expect(choose([], { path: '/a' })).toBeNull();
  });

  it('takes time linear in the path for any wildcard', () => {
    const matches = compileWildcard(`/${'a*'.repeat(200)}b`);
    expect(matches(`/${'a'.repeat(8_000)}`)).toBeNull();
    expect(matches(`/${'a'.repeat(8_000)}b`)).not.toBeNull();
  });

  it('agrees with a regular expression about wildcards', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, path) => {
        const regex = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(compileWildcard(pattern)(path) !== null).toBe(regex.test(path));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('which route wins', () => {
  it('exact over prefix over wildcard, whatever the priorities', () => {
    const all = [
      wildcard(1, '/a/*', { priority: 900 }),
      prefix(2, '/a', { priority: 500 }),
      route(3, { path: '/a/b', priority: 1 }),
    ];
    expect(chosenId(all, { path: '/a/b' })).toBe(3);
    expect(chosenId(all, { path: '/a/c' })).toBe(2);
    expect(chosenId(all.slice(0, 1), { path: '/a/c' })).toBe(1);
  });

  it('the longest prefix', () => {
    const all = [prefix(1, '/'), prefix(2, '/a'), prefix(3, '/a/b/c'), prefix(4, '/a/b')];
    expect(chosenId(all, { path: '/a/b/x' })).toBe(4);
    expect(chosenId(all, { path: '/a/b/c/d/e/f' })).toBe(3);
    expect(chosenId(all, { path: '/a/bx' })).toBe(2);
    expect(chosenId(all, { path: '/x' })).toBe(1);
  });

  it('the larger priority among equals, then the smaller id', () => {
    const other = { path: '/a' };
    expect(chosenId([route(2, other), route(1, other)], other)).toBe(1);
    expect(chosenId([route(2, { ...other, priority: 101 }), route(1, other)], other)).toBe(2);
    expect(chosenId([wildcard(2, '/*'), wildcard(1, '/a*')], other)).toBe(1);
    expect(chosenId([wildcard(2, '/*', { priority: 101 }), wildcard(1, '/a*')], other)).toBe(2);
  });
});

describe('method and host', () => {
  const path = '/a';

  it('a method that no route of the path takes is told apart from an unknown path', () => {
    const routes = [
      route(1, { path, methods: ['POST', 'GET'] }),
      prefix(2, '/', { methods: ['PUT', 'GET'] }),
    ];
    expect(choose(routes, { path, method: 'DELETE' })).toEqual({
      kind: 'method_not_allowed',
      allowed: ['GET', 'POST', 'PUT'],
    });
    expect(chosenId(routes, { path, method: 'PUT' })).toBe(2);
    expect(chosenId(routes, { path, method: 'GET' })).toBe(1);
  });

  it.each([
    [['a.test'], 'a.test', true],
    [['A.Test'], 'a.test', true],
    [['b.test', 'a.test'], 'a.test', true],
    [['a.test'], 'x.a.test', false],
    [['*.a.test'], 'x.a.test', true],
    [['*.a.test'], 'x.y.a.test', true],
    [['*.a.test'], 'a.test', false],
    [['*.a.test'], '.a.test', false],
    [['*.a.test'], 'xa.test', false],
    [['*'], 'any.test', true],
    [[], 'any.test', true],
  ])('hosts %j take %s: %s', (hosts, host, expected) => {
    const id = chosenId([route(1, { path, hosts, methods: ['GET'] })], {
      path,
      host,
      method: 'GET',
    });
    expect(id).toBe(expected ? 1 : null);
  });

  it('a path known on another host only is unknown', () => {
    expect(choose([route(1, { path, hosts: ['b.test'], methods: ['GET'] })], { path })).toBeNull();
  });
});

describe('the path at the target', () => {
  const targetOf = (config: RouteConfig, path: string) => compiled(config).targetPath(path);

  it.each([
    [route(1, { path: '/a' }), '/a', '/a'],
    [route(1, { path: '/a', target_url: '/x/y' }), '/a', '/x/y'],
    [prefix(1, '/a'), '/a/b', '/a/b'],
    [prefix(1, '/a', { strip_prefix: true }), '/a/b', '/b'],
    [prefix(1, '/a', { strip_prefix: true }), '/a/', '/'],
    [prefix(1, '/a', { strip_prefix: true }), '/a', '/'],
    [prefix(1, '/a/', { strip_prefix: true }), '/a/b', '/b'],
    [prefix(1, '/a', { target_url: '/x' }), '/a/b', '/x/b'],
    [prefix(1, '/a', { target_url: '/x/', strip_prefix: true }), '/a/b/', '/x/b/'],
    [prefix(1, '/a', { target_url: '/x' }), '/a', '/x'],
    [prefix(1, '/', { target_url: '/x' }), '/a', '/x/a'],
    [prefix(1, '/', { target_url: '/' }), '/', '/'],
    [wildcard(1, '/v1/users/*'), '/v1/users/7', '/v1/users/7'],
    [wildcard(1, '/v1/users/*', { target_url: '/users/*' }), '/v1/users/7/x', '/users/7/x'],
    [wildcard(1, '/*/of/*', { target_url: '/*-*' }), '/a/of/b', '/a-b'],
    [wildcard(1, '/*/of/*', { target_url: '/*' }), '/a/of/b', '/a'],
    [wildcard(1, '/v1/*', { target_url: '/fixed' }), '/v1/7', '/fixed'],
  ])('%j: %s becomes %s', (config, path, expected) => {
    expect(targetOf(config, path)).toBe(expected);
  });

  it('may not ask for more than the wildcard took', () => {
    const reason = 'target_url has more * than path';
    expect(() => compiled(wildcard(1, '/*', { target_url: '/*/*' }))).toThrow(reason);
    expect(() => compiled(prefix(1, '/a', { target_url: '/*' }))).toThrow(reason);
  });
});

describe('a compiled route', () => {
  it('puts its timeouts over the upstream’s over the defaults', () => {
    expect(compiled(route(1, { timeouts: { connect_ms: 7 } })).timeouts).toEqual({
      connectMs: 7,
      firstByteMs: 30_000,
      idleMs: 500,
    });
  });

  it('carries whether it needs a caller, and its limit', () => {
    const open = compiled(route(1, { requires_auth: false, rate_limit_rpm: 5 }));
    expect(open).toMatchObject({ requiresAuth: false, limit: { ruleId: 'route-1' } });
  });
});
