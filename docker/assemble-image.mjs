// Lays out what one image holds, and nothing else:  node docker/assemble-image.mjs APP TARGET [FURTHER-APP ...]
// TARGET becomes a small copy of the workspace: apps/APP/dist, dist of each lib it depends on, and of node_modules the packages
// that these really need at run time. The paths stay those of a checkout, so whatever code resolves relative to itself
// (prisma/migrations, apps/dashboard/dist) is found. Further apps named after TARGET come without dependencies of their own.
//
// Why not `npm ci --omit=dev`: @prisma/client names its CLI and TypeScript as optional peers, and npm keeps optional peers that
// are installed for development: 260 MB of tools in every image with a database.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Native builds for other platforms that a package ships beside ours: directories by `<platform>/<arch>`. */
const nativeBuilds = { 'onnxruntime-node': ['bin/napi-v6'] };

const readManifest = (directory) => JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));

/** Names that a package needs at run time, with whether it can do without. Optional peers are what others may bring: never ours to install. */
function runtimeDependencies({ dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) {
  const optional = new Set(Object.keys(optionalDependencies));
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  return [...new Set([...Object.keys(dependencies), ...optional, ...peers])].map((name) => ({
    name,
    optional: optional.has(name) || peers.includes(name),
  }));
}

/** Where Node would find a package from a directory: the nearest node_modules above it. Links are kept, to tell our own libs apart. */
function locate(name, from) {
  for (let directory = from; ; directory = path.dirname(directory)) {
    const candidate = path.join(directory, 'node_modules', name);
    if (fs.existsSync(path.join(candidate, 'package.json'))) return candidate;
    if (directory === root || path.dirname(directory) === directory) return undefined;
  }
}

/** Packages that the root's overrides replace by an empty one: no code of ours reaches the part that wants them. */
const emptied = new Set(
  Object.entries(readManifest(root).overrides ?? {}).flatMap(([name, by]) => (/^npm:empty-npm-package@/.test(by) ? [name] : [])),
);

/**
 * Everything that an app needs at run time.
 * @returns {{ libs: string[], packages: string[] }} paths relative to the root: `libs/x`, `node_modules/x`
 */
export function collectRuntime(app) {
  const libs = new Set();
  const packages = new Set();
  const visit = (directory, owner) => {
    for (const { name, optional } of runtimeDependencies(readManifest(directory))) {
      const found = locate(name, directory);
      if (!found) {
        if (optional || emptied.has(name)) continue;
        throw new Error(`${owner} needs ${name}, which is not installed`);
      }
      const isOurs = fs.lstatSync(found).isSymbolicLink();
      const real = isOurs ? fs.realpathSync(found) : found;
      const place = path.relative(root, real);
      const kept = isOurs ? libs : packages;
      if (kept.has(place)) continue;
      kept.add(place);
      visit(real, name);
    }
  };
  visit(path.join(root, 'apps', app), app);
  return { libs: [...libs].sort(), packages: [...packages].sort() };
}

/** Copies built code of ours: package.json and dist, without declarations and build records. */
function copyProject(place, target) {
  const dist = path.join(root, place, 'dist');
  if (!fs.existsSync(dist)) throw new Error(`${place} is not built: run "npx tsc -b ${place}" first`);
  fs.mkdirSync(path.join(target, place), { recursive: true });
  fs.copyFileSync(path.join(root, place, 'package.json'), path.join(target, place, 'package.json'));
  fs.cpSync(dist, path.join(target, place, 'dist'), { recursive: true, filter: (file) => !/\.d\.ts(\.map)?$|\.tsbuildinfo$/.test(file) });
}

/** Copies an npm package without the packages nested in it (those count by themselves) and without other platforms' builds. */
function copyPackage(place, target) {
  const source = path.join(root, place);
  const foreign = (nativeBuilds[place.replace(/^.*node_modules\//, '')] ?? []).flatMap((builds) =>
    foreignBuilds(path.join(source, builds)),
  );
  fs.cpSync(source, path.join(target, place), {
    recursive: true,
    filter: (file) => file !== path.join(source, 'node_modules') && !foreign.includes(file),
  });
}

function foreignBuilds(builds) {
  const wanted = path.join(builds, process.platform, process.arch);
  if (!fs.existsSync(wanted)) throw new Error(`no build for ${process.platform}/${process.arch} in ${path.relative(root, builds)}`);
  return fs.readdirSync(builds).flatMap((platform) =>
    fs
      .readdirSync(path.join(builds, platform))
      .map((arch) => path.join(builds, platform, arch))
      .filter((build) => build !== wanted),
  );
}

function assemble(app, target, guests) {
  const { libs, packages } = collectRuntime(app);
  for (const place of [`apps/${app}`, ...guests.map((guest) => `apps/${guest}`), ...libs]) copyProject(place, target);
  for (const place of packages) copyPackage(place, target);
  for (const lib of libs) {
    const link = path.join(target, 'node_modules', readManifest(path.join(root, lib)).name);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(path.relative(path.dirname(link), path.join(target, lib)), link);
  }
  if (libs.includes('libs/database'))
    fs.cpSync(path.join(root, 'prisma/migrations'), path.join(target, 'prisma/migrations'), { recursive: true });
  console.log(`${app}: ${libs.length} libs, ${packages.length} packages`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [app, target, ...guests] = process.argv.slice(2);
  if (!app || !target) {
    console.error('usage: node docker/assemble-image.mjs APP TARGET [FURTHER-APP ...]');
    process.exit(1);
  }
  assemble(app, path.resolve(target), guests);
}
