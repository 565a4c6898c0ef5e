// Two sizes, two projects: `unit` touches memory only, `int` talks to a real Postgres and a real bus (libs/testing).
import { fileURLToPath } from 'node:url';

const rootDir = fileURLToPath(new URL('.', import.meta.url));
const base = {
  rootDir,
  testEnvironment: 'node',
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.nightjar/', '<rootDir>/.nx/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironmentOptions: { customExportConditions: ['@nightjar/source', 'node', 'node-addons'] },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
};

export default {
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs}/*/src/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.int\\.spec\\.ts$', '\\.gpu\\.spec\\.ts$'],
    },
    {
      ...base,
      displayName: 'int',
      testMatch: ['<rootDir>/{apps,libs}/*/src/**/*.{int,gpu}.spec.ts'],
      globalSetup: '<rootDir>/jest/global-setup.mjs',
      globalTeardown: '<rootDir>/jest/global-teardown.mjs',
    },
  ],
  testTimeout: 60_000,
  // Each spec file has modules of its own, and they stay: at 3 GB a third of the time was garbage collection.
  workerIdleMemoryLimit: '1GB',
  // Integration specs wait more than they work: package.json gives them one more.
  maxWorkers: 2,
};
