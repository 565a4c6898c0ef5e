// Two sizes, two projects: `unit` touches memory only, `int` talks to a real Postgres and a real bus (libs/testing).
import { fileURLToPath } from 'node:url';

const rootDir = fileURLToPath(new URL('.', import.meta.url));
const base = {
  rootDir,
  testRunner: '<rootDir>/jest/spec-runner.mjs',
  testEnvironment: '<rootDir>/jest/process-environment.mjs',
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.nightjar/', '<rootDir>/.nx/'],
  transform: {},
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
  // Above the patience of `until`, which says what did not come.
  testTimeout: 180_000,
  // A worker holds the modules of all apps, half of this; what a spec leaves behind may add up.
  workerIdleMemoryLimit: '1GB',
  // Integration specs wait more than they work: package.json gives them one more.
  maxWorkers: 2,
};
