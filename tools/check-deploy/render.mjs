import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { exists, read, root } from './known-settings.mjs';

/** Whether manifests can be rendered by kustomize itself; without it, `renderInHouse` does the part of it that base/ uses. */
export const hasKubectl = spawnSync('kubectl', ['kustomize', '--help'], { stdio: 'ignore' }).status === 0;

function parseDocuments(text) {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw new Error(document.errors[0].message);
      return document.toJS();
    })
    .filter(Boolean);
}

/** @returns {object[]} the objects that `kubectl apply -k` would send. @throws Error with what kustomize says */
export function renderWithKubectl(folder) {
  const run = spawnSync('kubectl', ['kustomize', path.join(root, folder)], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (run.status !== 0) throw new Error(run.stderr.trim());
  return parseDocuments(run.stdout);
}

/** RFC 6902 `add` on an object; the only operation that hardening.yaml uses. */
function addAt(object, pointer, value) {
  const keys = pointer.slice(1).split('/');
  const last = keys.pop();
  const parent = keys.reduce((at, key) => at[key], object);
  parent[last] = value;
}

/**
 * Resources, generated ConfigMaps, and JSON patches by kind: enough for deploy/base. Overlays patch by merging, which is left to
 * kustomize.
 */
export function renderInHouse(folder) {
  const { resources = [], configMapGenerator = [], patches = [] } = parse(read(`${folder}/kustomization.yaml`));
  const objects = resources.flatMap((resource) => parseDocuments(read(`${folder}/${resource}`)));
  for (const { name, literals } of configMapGenerator) {
    objects.push({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name },
      data: Object.fromEntries(literals.map((literal) => literal.split(/=(.*)/s, 2))),
    });
  }
  for (const { path: file, target } of patches) {
    const operations = parse(read(`${folder}/${file}`));
    for (const object of objects.filter(({ kind }) => kind === target.kind))
      for (const { path: pointer, value } of operations) addAt(object, pointer, value);
  }
  return objects;
}

/** Parses every file that a kustomization names, so that a broken one is found even where it can't be rendered. */
export function parseFiles(folder) {
  const { resources = [], patches = [] } = parse(read(`${folder}/kustomization.yaml`));
  const files = [...resources, ...patches.flatMap(({ path: file }) => file ?? [])].map((file) => path.posix.join(folder, file));
  return files
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => {
      if (!exists(file)) throw new Error(`${file} is missing`);
      return parseDocuments(read(file));
    });
}
