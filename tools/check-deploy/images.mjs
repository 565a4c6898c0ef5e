import fs from 'node:fs';
import path from 'node:path';
import { migrationsDirectory } from '@nightjar/database';
import { collectRuntime } from '../../docker/assemble-image.mjs';
import { entryProblems, exists, read, root, settingProblems } from './known-settings.mjs';

/** Tools that must not get into an image, however they are depended upon. */
const buildTools = ['node_modules/typescript', 'node_modules/prisma', 'node_modules/jest', 'node_modules/nx', 'node_modules/vite'];

/** Apps that run as a service of their own: all with a main.ts but the launcher, which starts them on one machine. */
function serviceApps() {
  return fs.readdirSync(path.join(root, 'apps')).filter((app) => app !== 'launcher' && exists(`apps/${app}/src/main.ts`));
}

/** @returns {{ instruction: string, rest: string }[]} the lines of a Dockerfile, continued ones joined */
function readInstructions(file) {
  const lines = read(file)
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  return lines.flatMap((line) => {
    const [, instruction, rest] = /^([A-Z]+)\s+(.+)$/.exec(line.trim()) ?? [];
    return instruction ? [{ instruction, rest: rest.trim() }] : [];
  });
}

/** Stages as lists of instructions; the first of each is its FROM. */
function readStages(file) {
  const stages = [];
  for (const line of readInstructions(file)) {
    if (line.instruction === 'FROM') stages.push([]);
    stages.at(-1)?.push(line);
  }
  return stages;
}

/** COPY from the build context: what it names must be there. `--parents` takes a pattern that matches nothing without a word. */
function copyProblems(instructions) {
  const copies = instructions.filter(({ instruction, rest }) => instruction === 'COPY' && !rest.startsWith('--from='));
  return copies
    .flatMap(({ rest }) =>
      rest
        .split(/\s+/)
        .filter((word) => !word.startsWith('--'))
        .slice(0, -1),
    )
    .flatMap((source) => {
      const [folder, pattern] = source.split('/*/');
      const found =
        pattern === undefined
          ? exists(source)
          : fs.readdirSync(path.join(root, folder)).every((name) => exists(`${folder}/${name}/${pattern}`));
      return found ? [] : [`COPY ${source}: not in the repository`];
    });
}

/** What a stage that is run, not only built from, must say. */
function finalStageProblems(app, stage) {
  const values = (name) => stage.filter(({ instruction }) => instruction === name).map(({ rest }) => rest);
  const problems = [];
  if (!/^[1-9]\d*:[1-9]\d*$/.test(values('USER').at(-1) ?? '')) problems.push('USER is not a numbered user other than root');
  if (!values('HEALTHCHECK').at(-1)?.includes('check-live.mjs')) problems.push('no HEALTHCHECK on /livez');
  const command = JSON.parse(values('CMD').at(-1) ?? '[]');
  if (command[0] !== 'node') problems.push('CMD does not run node itself: signals would not reach it');
  const names = values('ENV').flatMap((rest) => [...rest.matchAll(/([A-Z][A-Z0-9_]*)=/g)].map(([, name]) => name));
  if (!names.some((name) => name.endsWith('_HOST'))) problems.push('listens on loopback only: no *_HOST');
  return [...problems, ...entryProblems(command), ...settingProblems({ app, names })];
}

function dockerfileProblems(app) {
  const file = `docker/${app}.Dockerfile`;
  if (!exists(file)) return [`${file} is missing`];
  const stages = readStages(file);
  const finals = stages.filter((stage) => stage.some(({ instruction }) => instruction === 'CMD'));
  const problems = copyProblems(stages.flat());
  if (finals.length === 0) problems.push('no stage has a CMD');
  if (!stages.flat().some(({ rest }) => rest.startsWith(`node docker/assemble-image.mjs ${app} `)))
    problems.push('does not assemble its own app');
  return [...problems, ...finals.flatMap((stage) => finalStageProblems(app, stage))];
}

function contentProblems(app) {
  const { libs, packages } = collectRuntime(app);
  const unbuilt = libs.filter((lib) => !exists(`${lib}/src/index.ts`)).map((lib) => `${lib} has no source`);
  return [...unbuilt, ...packages.filter((name) => buildTools.includes(name)).map((name) => `would contain ${name}`)];
}

/** Runs the checks of docker/*.Dockerfile. */
export function checkImages(check) {
  for (const app of serviceApps()) {
    check(`docker/${app}.Dockerfile: sources, user, health, settings`, dockerfileProblems(app));
    check(`image ${app}: what it holds at run time`, contentProblems(app));
  }
  const place = path.relative(root, migrationsDirectory).replaceAll(path.sep, '/');
  check(
    'images with a database: migrations are where the program looks',
    place === 'prisma/migrations' ? [] : [`looks in ${place}, docker/assemble-image.mjs copies prisma/migrations`],
  );
}
