import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@nightjar/runtime/app-error';
import { hasErrorCode } from '@nightjar/runtime/error-code';
import { isInside, readContained } from './contained-file.js';
import { readManifest } from './read-manifest.js';
import type { ModelManifest } from './model-manifest.js';

const manifestName = 'model.json';
const maxTextBytes = 1024 * 1024;
/** Folders that are looked into; more are a mistake, such as the wrong folder. */
const maxModels = 500;
const maxVersions = 100;

/** A folder that a model is, or should be, in. */
interface FoundModel {
  /** The manifest's; the folder's while the manifest can't be read. */
  readonly name: string;
  readonly version: string;
  /** Absolute, without links. */
  readonly folder: string;
  readonly manifest?: ModelManifest | undefined;
  /** What is wrong with it. */
  readonly problem?: string | undefined;
}

/**
 * Looks for `<name>/model.json` and `<name>/<version>/model.json` in the operator's folder. Whatever is wrong with one model is
 * said of that one; the others are found.
 * @throws AppError `unavailable` when the folder itself can't be read
 */
export async function findUserModels(modelsDir: string): Promise<FoundModel[]> {
  let root: string;
  let names: readonly string[];
  try {
    root = await realpath(modelsDir);
    names = await foldersIn(root, maxModels);
  } catch (cause) {
    if (hasErrorCode(cause, 'ENOENT')) return [];
    throw new AppError('unavailable', 'the models folder cannot be read', { cause });
  }
  const found: FoundModel[] = [];
  for (const name of names) {
    const place: Place = { root, parent: root, name, namedBy: { name } };
    const inVersions: FoundModel[] = [];
    // A folder that cannot be read has no manifest either, and is told of below.
    for (const version of await foldersIn(path.join(root, name), maxVersions).catch(() => [])) {
      const parent = path.join(root, name);
      if (await exists(path.join(parent, version, manifestName))) {
        inVersions.push(await readFolder({ root, parent, name: version, namedBy: { name, version } }));
      }
    }
    const flat = await exists(path.join(root, name, manifestName));
    // A folder without any manifest is listed too: whoever dropped it wants to know why nothing happens.
    if (flat || inVersions.length === 0) found.push(await readFolder(place));
    found.push(...inVersions);
  }
  return found;
}

interface Place {
  readonly root: string;
  readonly parent: string;
  /** Of the folder. */
  readonly name: string;
  /** What the manifest must say, as the folders are called. */
  readonly namedBy: { readonly name: string; readonly version?: string };
}

async function readFolder({ root, parent, name, namedBy }: Place): Promise<FoundModel> {
  const shown = { name: printable(namedBy.name), version: printable(namedBy.version ?? '1') };
  let folder = path.join(parent, name);
  try {
    folder = await realpath(folder);
    if (!isInside(root, folder)) throw new AppError('invalid_argument', 'the folder is a link that leads out of the models folder');
    const text = await readContained(folder, manifestName, maxTextBytes);
    const manifest = await readManifest(text.toString('utf8'), async (file) => {
      return (await readContained(folder, file, maxTextBytes)).toString('utf8');
    });
    requireNamed(manifest, namedBy);
    return { name: manifest.name, version: manifest.version, folder, manifest };
  } catch (error) {
    return { ...shown, folder, problem: error instanceof AppError ? error.message : 'the folder cannot be read' };
  }
}

function requireNamed(manifest: ModelManifest, namedBy: Place['namedBy']): void {
  if (manifest.name !== namedBy.name) {
    throw new AppError('invalid_argument', `model.json: name is "${manifest.name}", but its folder is called "${printable(namedBy.name)}"`);
  }
  if (namedBy.version !== undefined && manifest.version !== namedBy.version) {
    const folder = printable(namedBy.version);
    throw new AppError('invalid_argument', `model.json: version is "${manifest.version}", but its folder is called "${folder}"`);
  }
}

/** Names of the folders in a folder, links to folders among them; hidden ones are left out. Fails as reading the folder does. */
async function foldersIn(folder: string, limit: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
  const folders = await Promise.all(names.slice(0, limit).map(async (name) => ((await isFolder(path.join(folder, name))) ? [name] : [])));
  return folders.flat();
}

async function isFolder(file: string): Promise<boolean> {
  const stats = await stat(file).catch(() => undefined);
  return stats?.isDirectory() ?? false;
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

/** A folder's name as it may stand in an answer, whatever the file system allows. */
function printable(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]/g, '?').slice(0, 64);
}
