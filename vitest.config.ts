import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';

/** Nest needs decorator metadata, which only swc emits for tests. */
const decorators = swc.vite({
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    target: 'es2024',
  },
});

const shared = {
  plugins: [decorators],
  oxc: false as const,
  resolve: { conditions: ['@ai-gateway/source', 'node'] },
  ssr: { resolve: { conditions: ['@ai-gateway/source', 'node'] } },
};

const SERVICES = './libs/devkit/src/services.global-setup.ts';

export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          include: ['{apps,libs}/*/src/**/*.spec.ts'],
          exclude: ['**/*.int.spec.ts', '**/*.e2e.spec.ts'],
        },
      },
      {
        ...shared,
        test: {
          name: 'int',
          include: ['{apps,libs}/*/src/**/*.int.spec.ts'],
          globalSetup: [SERVICES],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          include: ['apps/e2e/src/**/*.e2e.spec.ts'],
          globalSetup: [SERVICES],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['apps/*/src/**/*.ts', 'libs/*/src/**/*.ts'],
      exclude: [
        '**/*.spec.ts',
        '**/*.contract.ts',
        '**/index.ts',
        'apps/{bench,e2e,launcher}/**',
        'libs/{testing,devkit}/**',
        '**/main.ts',
      ],
      reporter: ['text-summary', 'json-summary'],
      thresholds: {
        lines: 85,
        'libs/gateway-engine/src/**': { lines: 95 },
      },
    },
  },
});
