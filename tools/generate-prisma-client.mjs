// Root postinstall: writes the Prisma client (libs/database/src/generated). Images install with --omit=dev, have no
// prisma, and copy the generated client instead, so its absence is not an error.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

let cli;
try {
  cli = createRequire(import.meta.url).resolve('prisma/build/index.js');
} catch {
  console.log('nightjar: prisma is not installed (--omit=dev), the Prisma client is not generated');
  process.exit(0);
}
const run = spawnSync(process.execPath, [cli, 'generate', '--no-hints'], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' });
if (run.status !== 0) console.error(run.stdout);
process.exit(run.status ?? 1);
