/**
 * What a file may reach, also through others. ESLint guards single imports; these rules follow
 * whole paths: no cycles, no framework on the hot path, no test code in the product.
 */
const HOT_PATH =
  '^(apps/gateway-proxy/src/(pipeline|listener|upstream)/|libs/(contracts|gateway-engine|tokenizer|llm-wire)/src/)';
const SPEC = '\\.(spec|contract)\\.ts$';
const HARNESS = '^apps/(e2e|bench)/';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'hot-path-without-framework',
      comment: 'The pipeline is plain functions; engines run anywhere.',
      severity: 'error',
      from: { path: HOT_PATH, pathNot: SPEC },
      to: { reachable: true, path: '^node_modules/(@nestjs/|typeorm/|rxjs/)' },
    },
    {
      name: 'engines-without-stores',
      comment: 'Engines do no I/O.',
      severity: 'error',
      from: { path: '^libs/(contracts|gateway-engine|tokenizer|llm-wire)/src/', pathNot: SPEC },
      to: { reachable: true, path: '^node_modules/(ioredis|mysql2|http-proxy|undici)/' },
    },
    {
      name: 'product-without-test-code',
      comment: 'libs/testing and libs/devkit never ship.',
      severity: 'error',
      from: {
        path: '^(apps|libs)/[^/]+/src/',
        pathNot: [SPEC, HARNESS, '^libs/(testing|devkit)/'],
      },
      to: { reachable: true, path: '^libs/(testing|devkit)/' },
    },
    {
      name: 'apps-apart',
      comment: 'Apps meet on the wire, described in contracts, and nowhere else.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'barrels-only-from-outside',
      comment: 'Another library is used through its index.',
      severity: 'error',
      from: { path: '^(apps|libs)/([^/]+)/' },
      to: {
        path: '^libs/[^/]+/src/',
        pathNot: ['^$1/$2/', '^libs/[^/]+/src/index\\.ts$'],
      },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    tsConfig: { fileName: 'tsconfig.spec.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@ai-gateway/source', 'types', 'node', 'import', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
