// One Postgres for the whole run; spec files copy its migrated template (createTestDatabase of @nightjar/testing).
// Jest loads this file without its transforms, so it stands on the compiled libraries.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = new URL('../libs/testing/dist/index.js', import.meta.url);

export default async function startServices() {
  if (!existsSync(compiled)) {
    const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
    const build = spawnSync(process.execPath, [compiler, '-b', 'libs/testing'], { cwd: root, stdio: 'inherit' });
    if (build.status !== 0) throw new Error('libs/testing does not compile: integration tests need it');
  }
  const { startTestPostgres } = await import(compiled.href);
  globalThis.nightjarTestPostgres = await startTestPostgres();
}
