// Checks docker/ and deploy/ as far as that goes without a Docker engine or a cluster: one line per check, exit code 1 when one
// fails. Needs a build (`npm run build`): settings, queue names and the place of the migrations are read from the program.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { checkCompose } from './check-deploy/compose.mjs';
import { checkImages } from './check-deploy/images.mjs';
import { read, root } from './check-deploy/known-settings.mjs';
import { checkKubernetes } from './check-deploy/kubernetes.mjs';

let passed = 0;
let failed = 0;

/** Prints one line for a check, and what is wrong below it. */
function check(title, problems) {
  if (problems.length === 0) passed++;
  else failed++;
  console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${title}`);
  for (const problem of problems) console.log(`       ${problem}`);
}

function configReferenceProblems() {
  return staleness('write-config-reference.mjs');
}

function jobApiClientProblems() {
  return staleness('generate-job-api-client.mjs');
}

/** What a tool of ours that writes a file says when the file is not what it would write. */
function staleness(tool) {
  const run = spawnSync(process.execPath, [path.join(root, 'tools', tool), '--check'], { encoding: 'utf8' });
  return run.status === 0 ? [] : [run.stderr.trim()];
}

/** Packages that our projects import, as CREDITS.md has to list them. */
function creditProblems() {
  const projects = ['apps', 'libs'].flatMap((folder) =>
    fs.readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}/package.json`),
  );
  const names = new Set(
    projects.flatMap((file) => Object.keys(JSON.parse(read(file)).dependencies ?? {})).filter((name) => !name.startsWith('@nightjar/')),
  );
  const rows = new Set(
    [...names].map((name) => {
      const { version, license } = JSON.parse(read(`node_modules/${name}/package.json`));
      return `| ${name} | ${version} | ${license} |`;
    }),
  );
  const table = read('CREDITS.md').split('| package | version | licence |\n|---|---|---|\n')[1] ?? '';
  const written = new Set(table.split('\n\n')[0].trim().split('\n'));
  return [
    ...[...rows].filter((row) => !written.has(row)).map((row) => `lacks: ${row}`),
    ...[...written].filter((row) => !rows.has(row)).map((row) => `nobody imports: ${row}`),
  ];
}

check('docs/reference/config.md is what libs/runtime says', configReferenceProblems());
check('libs/job-api-client is what the API document says', jobApiClientProblems());
check('CREDITS.md lists the packages that are imported', creditProblems());
checkImages(check);
checkCompose(check);
checkKubernetes(check);

console.log(`\ndeploy: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
