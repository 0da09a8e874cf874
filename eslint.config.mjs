/**
 * Lint rules for the whole repository. What a type can't say and a reviewer would have to repeat is
 * checked here: who may import whom (two axes of tags, see docs/architecture.md), promises nobody
 * waits for, sizes, and where the environment is read.
 */
import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import vitest from '@vitest/eslint-plugin';
import tseslint from 'typescript-eslint';

// The boundary rule reads the graph from nx's cache and skips itself silently when there is none.
await createProjectGraphAsync({ exitOnError: true });

const SPECS = ['**/*.spec.ts', '**/*.contract.ts'];
const ENGINES = ['contracts', 'gateway-engine', 'tokenizer', 'llm-wire'];

/** A project of the left tag may import projects that carry one of the right ones. */
const PLANES = {
  control: ['control', 'shared'],
  data: ['data', 'shared'],
  shared: ['shared'],
  tool: ['tool', 'shared'],
};
const TYPES = {
  contract: ['contract'],
  engine: ['contract', 'engine'],
  adapter: ['contract', 'engine', 'adapter'],
  framework: ['contract', 'adapter', 'framework'],
  app: ['contract', 'engine', 'adapter', 'framework'],
  testing: ['contract', 'engine', 'adapter', 'framework', 'testing', 'tooling'],
  tooling: ['tooling'],
  harness: ['contract', 'engine', 'adapter', 'framework', 'testing', 'tooling'],
};

function moduleBoundaries({ alsoPlanes = [], alsoTypes = [] } = {}) {
  const constraints = (axis, table, also) =>
    Object.entries(table).map(([source, targets]) => ({
      sourceTag: `${axis}:${source}`,
      onlyDependOnLibsWithTags: [...targets, ...also].map((target) => `${axis}:${target}`),
    }));
  const depConstraints = [
    ...constraints('plane', PLANES, alsoPlanes),
    ...constraints('type', TYPES, alsoTypes),
  ];
  return ['error', { depConstraints, enforceBuildableLibDependency: false }];
}

/** Nest providers get their dependencies through the constructor: up to 7 there, else 4. */
const tooManyParameters = [
  ':matches(FunctionDeclaration, ArrowFunctionExpression)[params.length>4]',
  ':not(MethodDefinition) > FunctionExpression[params.length>4]',
  'MethodDefinition[kind!="constructor"] > FunctionExpression[params.length>4]',
  ':matches(ClassDeclaration, ClassExpression):not(:has(> Decorator)) > ClassBody > MethodDefinition[kind="constructor"] > FunctionExpression[params.length>4]',
  'MethodDefinition[kind="constructor"] > FunctionExpression[params.length>7]',
].map((selector) => ({ selector, message: 'Too many parameters: pass an options object.' }));

const noDefaultExports = [
  'ExportDefaultDeclaration',
  'ExportSpecifier[exported.name="default"]',
].map((selector) => ({ selector, message: 'Export by name.' }));

const noEnvironmentImport = {
  name: 'node:process',
  message: 'Settings are read in settings.ts; everything else of process is a global.',
};
const frameworks = {
  group: ['@nestjs/*', 'typeorm', 'ioredis', 'mysql2', 'mysql2/*', 'http-proxy', 'rxjs', 'rxjs/*'],
  message: 'Contracts and engines know no framework and no store.',
};

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', 'coverage/**', '.nx/**', 'data/**'] },
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    plugins: { '@nx': nx },
    languageOptions: {
      // One program for product and tests; the project service would find no project for the specs.
      parserOptions: { project: ['./tsconfig.spec.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@nx/enforce-module-boundaries': moduleBoundaries(),
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Nest modules are empty classes with a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // An async method that only answers a port has nothing to await.
      '@typescript-eslint/require-await': 'off',
      // A reader of JSON is told the shape by its caller.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // Node's types say Duplex where its servers hand out sockets.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // Would demand the `!` that no-non-null-assertion forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // Fields of foreign JSON read as what they are: keys.
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // Row tuples and zod shapes read better as type aliases in places.
      '@typescript-eslint/consistent-type-definitions': 'off',
      // `||` is right for empty strings and zero.
      '@typescript-eslint/prefer-nullish-coalescing': [
        'error',
        { ignorePrimitives: { string: true, number: true, boolean: true } },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', { max: 70, skipComments: true, IIFEs: true }],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read the environment in settings.ts.' },
      ],
      'no-restricted-syntax': ['error', ...tooManyParameters, ...noDefaultExports],
      'no-restricted-imports': ['error', { paths: [noEnvironmentImport] }],
      eqeqeq: 'error',
    },
  },
  {
    files: ENGINES.map((lib) => `libs/${lib}/**/*.ts`),
    rules: {
      'no-restricted-imports': ['error', { paths: [noEnvironmentImport], patterns: [frameworks] }],
    },
  },
  {
    files: ['apps/*/src/settings.ts', 'libs/devkit/**'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['vitest.config.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: SPECS,
    extends: [vitest.configs.recommended],
    rules: {
      '@nx/enforce-module-boundaries': moduleBoundaries({
        alsoPlanes: ['tool'],
        alsoTypes: ['testing', 'tooling'],
      }),
      'max-lines': ['error', 600],
      'max-lines-per-function': 'off',
      // Answers under test are parsed JSON, and `expect.any` is an any.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      // Assertions also live in functions the tests share and in fast-check properties.
      'vitest/expect-expect': 'off',
      'vitest/valid-title': ['error', { allowArguments: true }],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    rules: { 'max-lines': ['error', 400], 'no-console': 'error' },
  },
);
