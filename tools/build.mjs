// Runs before `npm start`: compiles what changed. The first build of a checkout takes some seconds, later ones about one.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const dashboard = path.join(root, 'apps/dashboard');
/** Beside the built page, not in it: Vite empties its folder. */
const stampFile = path.join(dashboard, 'dist/.sources.sha256');
const builtPage = path.join(dashboard, 'dist/site/index.html');

/** Runs a compiler from node_modules; on failure shows what it said. */
function runCompiler(name, module, args) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(process.execPath, [module, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('close', (code) => {
      if (code === 0) return resolve();
      console.error(output.trim());
      console.error(`nightjar: the build failed (${name}): the lines above say where`);
      process.exit(1);
    });
  });
}

/** Names, sizes and times of all that the page is built from; reading the files would cost more than it tells. */
function fingerprintSources() {
  const hash = createHash('sha256');
  const add = (file) => {
    const stats = statSync(file);
    if (!stats.isDirectory()) return hash.update(`${path.relative(root, file)} ${stats.size} ${stats.mtimeMs}\n`);
    for (const name of readdirSync(file).sort()) if (name !== 'dist' && name !== 'node_modules') add(path.join(file, name));
    return hash;
  };
  for (const source of ['apps/dashboard', 'libs/contracts/src', 'libs/geometry/src', 'package-lock.json']) add(path.join(root, source));
  return hash.digest('hex');
}

const startedMs = performance.now();
const isFirst = !existsSync(path.join(root, 'apps/launcher/dist/main.js'));
console.log(isFirst ? 'nightjar: building (the first time takes up to a minute) ...' : 'nightjar: building what changed ...');
await runCompiler('TypeScript', require.resolve('typescript/bin/tsc'), ['-b']);

const fingerprint = fingerprintSources();
const isCurrent = existsSync(builtPage) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === fingerprint;
if (!isCurrent) {
  await runCompiler('dashboard', path.join(path.dirname(require.resolve('vite/package.json')), 'bin/vite.js'), [
    'build',
    dashboard,
    '--logLevel',
    'warn',
  ]);
  writeFileSync(stampFile, fingerprint);
}
console.log(`nightjar: built in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
