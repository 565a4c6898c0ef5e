// Who may import whom (docs/design/architecture.md) and the habits that a machine can check. tools/lint-canary proves that
// each rule bites.
import nx from '@nx/eslint-plugin';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** Database and messaging are the only doors to Postgres and NATS. */
const databasePackages = ['@prisma/*', 'pg'];
const busPackages = ['@nats-io/*'];
const doors = [...databasePackages, ...busPackages];

const apps = ['gateway', 'nvr', 'agent', 'adapter', 'dashboard', 'launcher'];
// Nx is silent on an app that exports nothing.
const appPatterns = apps.flatMap((app) => [`@nightjar/${app}`, `@nightjar/${app}/*`]);
const builtins = ['node:*'];

const lib = (...names) => names.map((name) => `lib:${name}`);
const constraints = [
  { sourceTag: 'lib:contracts', onlyDependOnLibsWithTags: [], allowedExternalImports: ['zod'] },
  { sourceTag: 'lib:geometry', onlyDependOnLibsWithTags: lib('contracts'), allowedExternalImports: [] },
  { sourceTag: 'lib:tracking', onlyDependOnLibsWithTags: lib('contracts', 'geometry'), allowedExternalImports: [] },
  { sourceTag: 'lib:runtime', onlyDependOnLibsWithTags: lib('contracts'), bannedExternalImports: doors },
  { sourceTag: 'lib:media', onlyDependOnLibsWithTags: lib('contracts', 'runtime'), bannedExternalImports: doors },
  { sourceTag: 'lib:job-api-client', onlyDependOnLibsWithTags: [], allowedExternalImports: ['openapi-fetch'] },
  { sourceTag: 'lib:openapi', onlyDependOnLibsWithTags: lib('runtime'), bannedExternalImports: doors },
  { sourceTag: 'lib:outbound', onlyDependOnLibsWithTags: lib('runtime'), bannedExternalImports: doors },
  { sourceTag: 'lib:luna', onlyDependOnLibsWithTags: lib('contracts', 'runtime'), bannedExternalImports: doors },
  { sourceTag: 'lib:webhooks', onlyDependOnLibsWithTags: lib('outbound', 'runtime'), bannedExternalImports: doors },
  { sourceTag: 'lib:websocket-door', onlyDependOnLibsWithTags: lib('runtime'), bannedExternalImports: doors },
  { sourceTag: 'lib:messaging', onlyDependOnLibsWithTags: lib('contracts', 'runtime'), bannedExternalImports: databasePackages },
  { sourceTag: 'lib:database', onlyDependOnLibsWithTags: lib('contracts', 'runtime'), bannedExternalImports: busPackages },
  { sourceTag: 'lib:auth', onlyDependOnLibsWithTags: lib('contracts', 'runtime'), bannedExternalImports: doors },
  // Brings Postgres up, so it may speak to it; nobody but the launcher and the tests imports it.
  {
    sourceTag: 'lib:embedded',
    onlyDependOnLibsWithTags: lib('contracts', 'runtime', 'media'),
    bannedExternalImports: [...busPackages, '@prisma/*'],
  },
  {
    sourceTag: 'lib:testing',
    onlyDependOnLibsWithTags: lib('contracts', 'runtime', 'embedded', 'database', 'media', 'messaging'),
    bannedExternalImports: busPackages,
  },
  {
    sourceTag: 'app:gateway',
    onlyDependOnLibsWithTags: lib('contracts', 'runtime', 'messaging', 'database', 'auth', 'openapi', 'outbound', 'webhooks'),
    bannedExternalImports: doors,
  },
  {
    sourceTag: 'app:nvr',
    onlyDependOnLibsWithTags: lib(
      'contracts',
      'geometry',
      'runtime',
      'messaging',
      'database',
      'auth',
      'media',
      'luna',
      'openapi',
      'websocket-door',
      'outbound',
      'webhooks',
    ),
    bannedExternalImports: doors,
  },
  {
    sourceTag: 'app:agent',
    onlyDependOnLibsWithTags: lib(
      'contracts',
      'geometry',
      'tracking',
      'runtime',
      'messaging',
      'media',
      'auth',
      'openapi',
      'outbound',
      'luna',
      'websocket-door',
    ),
    bannedExternalImports: doors,
  },
  {
    sourceTag: 'app:adapter',
    onlyDependOnLibsWithTags: lib(
      'contracts',
      'geometry',
      'tracking',
      'runtime',
      'messaging',
      'auth',
      'openapi',
      'outbound',
      'websocket-door',
    ),
    bannedExternalImports: doors,
  },
  { sourceTag: 'app:dashboard', onlyDependOnLibsWithTags: lib('contracts', 'geometry'), bannedExternalImports: doors },
  {
    sourceTag: 'app:launcher',
    onlyDependOnLibsWithTags: lib('contracts', 'runtime', 'database', 'embedded', 'media', 'auth'),
    bannedExternalImports: [...busPackages, '@prisma/*'],
  },
];
// A test may bring the real services up; its own feature's imports stay as they are.
const testConstraints = constraints.map((constraint) => ({
  ...constraint,
  onlyDependOnLibsWithTags: [
    ...constraint.onlyDependOnLibsWithTags,
    ...lib('testing', 'database', 'messaging', 'embedded', 'media', 'tracking', 'geometry'),
  ],
  ...(constraint.allowedExternalImports ? { allowedExternalImports: [...constraint.allowedExternalImports, '@jest/globals'] } : {}),
  bannedExternalImports: (constraint.bannedExternalImports ?? []).filter((name) => name !== 'pg'),
}));

const boundaries = (depConstraints) => ['error', { enforceBuildableLibDependency: true, allow: [], depConstraints }];
const importPatterns = (...more) => ['error', { patterns: [...appPatterns, ...more] }];

export default tseslint.config(
  { ignores: ['**/dist/**', '**/generated/**', '**/node_modules/**', '.nx/**', '.nightjar/**'] },
  ...tseslint.configs.recommended.map((config) => ({ ...config, files: ['**/*.ts', '**/*.tsx'] })),
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@nx': nx, 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.tsx', '.js'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
      'import-x/resolver-next': [createTypeScriptImportResolver({ conditionNames: ['@nightjar/source', 'import', 'types', 'default'] })],
    },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(constraints),
      'import-x/no-cycle': 'error',
      'no-restricted-imports': importPatterns(),
      'no-restricted-syntax': [
        'error',
        { selector: 'CallExpression[callee.name="forwardRef"]', message: 'a cycle means a missing third thing' },
        { selector: 'ExportAllDeclaration', message: 'name what you export' },
        {
          selector:
            'CallExpression[callee.object.name="AbortSignal"][callee.property.name="any"] CallExpression[callee.object.name="AbortSignal"][callee.property.name="timeout"]',
          message: 'such a signal never aborts once garbage was collected (Node 20): use deadlineSignal',
        },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'read settings in config.ts through loadSettings' },
      ],
      'no-console': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'off',
    },
  },
  // What types must be known for. A promise that nobody waits for is said so with `void`, and whoever wrote it thought of its rejection.
  {
    files: ['apps/*/src/**/*.ts', 'apps/*/src/**/*.tsx', 'libs/*/src/**/*.ts'],
    ignores: ['**/*.spec.ts', '**/*.fixture.ts'],
    languageOptions: {
      parserOptions: {
        // Files that are only in tools/lint-canary.
        projectService: { allowDefaultProject: ['apps/*/src/canary.ts', 'libs/*/src/canary.ts'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
    },
  },
  // Journeys, benches and tools: Node runs them as they stand.
  {
    files: ['**/*.mjs'],
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' }] },
  },
  {
    files: ['libs/contracts/**/*.ts', 'libs/geometry/**/*.ts', 'libs/tracking/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: { 'no-restricted-imports': importPatterns(...builtins) },
  },
  {
    files: ['apps/dashboard/**/*.ts', 'apps/dashboard/**/*.tsx'],
    ignores: ['**/vite.config.ts'],
    rules: { 'no-restricted-imports': importPatterns(...builtins) },
  },
  {
    files: ['**/*.spec.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries(testConstraints),
      'no-restricted-properties': [
        'error',
        ...['it', 'test', 'describe'].map((object) => ({ object, property: 'only', message: 'a focused test hides the others' })),
        ...['it', 'test', 'describe'].map((object) => ({ object, property: 'skip', message: 'a skipped test says nothing' })),
      ],
    },
  },
  // Integration specs and their fixtures stand outside the build graph (.nxignore): they start what they test on, through @nightjar/testing.
  { files: ['**/*.int.spec.ts', '**/*.gpu.spec.ts', '**/*.fixture.ts'], rules: { '@nx/enforce-module-boundaries': 'off' } },
  {
    files: ['libs/messaging/**/*.spec.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries(testConstraints.map((constraint) => ({ ...constraint, bannedExternalImports: [] }))),
    },
  },
  {
    files: [
      '**/config.ts',
      'libs/runtime/src/settings.ts',
      'libs/embedded/**/*.ts',
      'libs/testing/**/*.ts',
      'libs/media/src/find-ffmpeg.ts',
      'apps/launcher/**/*.ts',
      'prisma.config.ts',
    ],
    rules: { 'no-restricted-properties': 'off' },
  },
  // The launcher talks to a person at a terminal; a failed start prints one line.
  {
    files: ['apps/launcher/**/*.ts', 'libs/runtime/src/process-main.ts', 'libs/testing/**/*.ts', 'libs/embedded/src/**/*.main.ts'],
    rules: { 'no-console': 'off' },
  },
);
