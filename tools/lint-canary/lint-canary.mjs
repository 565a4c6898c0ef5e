// Proves that the lint bites: each text is linted as if it stood at that path and must fail with that rule. Without a project
// graph the boundary rule would report nothing and exit 0, so the graph is made first.
import { spawnSync } from 'node:child_process';
import { ESLint } from 'eslint';

const boundaries = '@nx/enforce-module-boundaries';
const cases = [
  [
    'apps/adapter/src/canary.ts',
    "import { openJobsDatabase } from '@nightjar/database';\nexport const x = openJobsDatabase;\n",
    boundaries,
  ],
  ['apps/adapter/src/canary.ts', "import { Pool } from 'pg';\nexport const x = Pool;\n", boundaries],
  ['apps/adapter/src/canary.ts', "import { connect } from '@nats-io/transport-node';\nexport const x = connect;\n", boundaries],
  ['apps/adapter/src/canary.ts', "import { AppModule } from '../../gateway/src/app.module.js';\nexport const x = AppModule;\n", boundaries],
  ['apps/adapter/src/canary.ts', "import { AppModule } from '@nightjar/gateway';\nexport const x = AppModule;\n", 'no-restricted-imports'],
  ['apps/adapter/src/canary.ts', "export async function f() {\n  return import('@nightjar/database');\n}\n", boundaries],
  ['apps/agent/src/canary.ts', "import { openNvrDatabase } from '@nightjar/database';\nexport const x = openNvrDatabase;\n", boundaries],
  ['apps/nvr/src/canary.ts', "import { startTestBus } from '@nightjar/testing';\nexport const x = startTestBus;\n", boundaries],
  ['apps/gateway/src/canary.ts', "import { PrismaClient } from '@prisma/client';\nexport const x = PrismaClient;\n", boundaries],
  ['libs/contracts/src/canary.ts', "import { Injectable } from '@nestjs/common';\nexport const x = Injectable;\n", boundaries],
  ['libs/contracts/src/canary.ts', "import fs from 'node:fs';\nexport const x = fs;\n", 'no-restricted-imports'],
  ['libs/contracts/src/canary.ts', "import { AppError } from '@nightjar/runtime';\nexport const x = AppError;\n", boundaries],
  ['libs/geometry/src/canary.ts', "import path from 'node:path';\nexport const x = path;\n", 'no-restricted-imports'],
  ['apps/nvr/src/canary.ts', "export * from './app.module.js';\n", 'no-restricted-syntax'],
  [
    'apps/nvr/src/canary.ts',
    "import { forwardRef } from '@nestjs/common';\nexport const x = forwardRef(() => Object);\n",
    'no-restricted-syntax',
  ],
  [
    'apps/nvr/src/canary.ts',
    'export const x = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(1)]);\n',
    'no-restricted-syntax',
  ],
  ['apps/nvr/src/canary.ts', 'export const x = process.env.HOME;\n', 'no-restricted-properties'],
  ['apps/nvr/src/canary.spec.ts', "import { it } from '@jest/globals';\nit.only('x', () => undefined);\n", 'no-restricted-properties'],
  ['apps/nvr/src/canary.spec.ts', "import { it } from '@jest/globals';\nit.skip('x', () => undefined);\n", 'no-restricted-properties'],
  ['apps/nvr/src/canary.ts', "console.log('x');\n", 'no-console'],
  ['apps/dashboard/src/canary.ts', "import fs from 'node:fs';\nexport const x = fs;\n", 'no-restricted-imports'],
  [
    'apps/nvr/src/canary.ts',
    'export const x = (work: () => Promise<void>) => {\n  work();\n};\n',
    '@typescript-eslint/no-floating-promises',
  ],
  [
    'apps/nvr/src/canary.ts',
    'export const x = (work: () => Promise<boolean>) => (work() ? 1 : 2);\n',
    '@typescript-eslint/no-misused-promises',
  ],
  ['apps/nvr/src/canary.ts', 'export const x = async () => await 1;\n', '@typescript-eslint/await-thenable'],
];

const graph = spawnSync(process.execPath, ['node_modules/nx/dist/bin/nx.js', 'graph', '--file=.nx/graph.json'], {
  encoding: 'utf8',
  env: { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false' },
});
if (graph.status !== 0) {
  console.error(`lint canary: the project graph could not be made\n${graph.stderr}`);
  process.exit(1);
}

const eslint = new ESLint();
let silent = 0;
for (const [filePath, text, ruleId] of cases) {
  const [{ messages }] = await eslint.lintText(text, { filePath });
  if (messages.some((message) => message.ruleId === ruleId && message.severity === 2)) continue;
  silent++;
  console.error(
    `lint canary: ${ruleId} is silent on ${filePath}: ${text.split('\n')[0]} (${messages.map((message) => message.ruleId).join(', ') || 'no message'})`,
  );
}
console.log(`lint canary: ${cases.length - silent} of ${cases.length} rules bite`);
process.exit(silent === 0 ? 0 : 1);
