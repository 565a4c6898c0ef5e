import { realpath, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { AppError } from '@nightjar/runtime/app-error';
import { builtinModels } from './builtin/builtin-models.js';
import type { BuiltinModel } from './builtin/builtin-model.js';
import { FileHashes, type VerifiedFiles } from './model-files.js';
import type { ModelManifest } from './model-manifest.js';
import { compareVersions, parseReference } from './model-version.js';
import type { ActivationRanges } from './tfjs-to-onnx/quantisation.js';
import { findUserModels } from './user-models.js';

/** A model that can be used, as far as is known before its files are read. */
interface ModelEntry {
  readonly manifest: ModelManifest;
  /** Where the files are: with an npm package, in a folder, or nowhere because there are none. */
  readonly place: { readonly package: string } | { readonly folder: string } | undefined;
  /** What int8 needs to know; without them the model runs in fp32. */
  readonly activationRanges?: ActivationRanges | undefined;
}

/** A model as it is listed, usable or not. */
export interface ListedModel {
  readonly name: string;
  readonly version: string;
  readonly origin: 'built-in' | 'user';
  /** Absent when the manifest can't be read. */
  readonly entry?: ModelEntry | undefined;
  /** What is wrong with it. */
  problem?: string | undefined;
  /** Known once the files were verified. */
  verified?: VerifiedFiles | undefined;
}

/** A model with its files, seen to be those that the manifest means. */
export interface OpenedModel extends ModelEntry {
  readonly verified: VerifiedFiles;
}

/** More are of no use to who misspelt one. */
const maxNamedModels = 20;

/** The models there are: built-in ones, and those in the operator's folder. */
export class ModelRepository {
  private readonly builtin: readonly BuiltinModel[];
  private readonly modelsDir: string | undefined;
  private readonly hashes = new FileHashes();
  private listed: readonly ListedModel[];

  constructor({ builtin = builtinModels, modelsDir }: { builtin?: readonly BuiltinModel[]; modelsDir?: string | undefined } = {}) {
    this.builtin = builtin;
    this.modelsDir = modelsDir;
    this.listed = builtin.map(listBuiltin);
  }

  /**
   * Looks at the operator's folder again and verifies the files of every model. What is wrong with one is noted there.
   * @throws AppError `unavailable` when the folder can't be read at all; then everything stays as it was
   */
  async rescan(): Promise<void> {
    const listed = this.builtin.map(listBuiltin);
    for (const { name, version, manifest, folder, problem } of this.modelsDir === undefined ? [] : await findUserModels(this.modelsDir)) {
      const entry = manifest && { manifest, place: { folder } };
      listed.push({ name, version, origin: 'user', entry, problem: problem ?? conflictWith(listed, { name, version }) });
    }
    for (const model of listed) {
      if (model.problem === undefined) await this.verify(model);
    }
    this.listed = listed;
  }

  list(): readonly ListedModel[] {
    return this.listed;
  }

  /**
   * @param reference `name` for the highest version that can be used, or `name@version`
   * @throws AppError `not_found`, or `model_error` when the model is there and can't be used
   */
  find(reference: string, version?: string): ModelEntry {
    const wanted = parseReference(reference, version);
    const named = this.listed.filter(({ name }) => name === wanted.name);
    const candidates = wanted.version === undefined ? named : named.filter((model) => model.version === wanted.version);
    const usable = candidates.filter(({ problem }) => problem === undefined).sort((a, b) => compareVersions(b.version, a.version));
    if (usable[0]?.entry) return usable[0].entry;
    const [broken] = candidates;
    if (broken) throw new AppError('model_error', `model "${broken.name}" version ${broken.version} cannot be used: ${broken.problem}`);
    if (named.length > 0) {
      const versions = named.map((model) => model.version).join(', ');
      throw new AppError('not_found', `model "${wanted.name}" has no version "${wanted.version}"; available: ${versions}`);
    }
    const names = [...new Set(this.listed.map(({ name }) => name))].slice(0, maxNamedModels);
    throw new AppError('not_found', `there is no model "${wanted.name}"; available: ${names.join(', ')}`);
  }

  /** The model with its files verified. @throws as `find`; AppError `model_error` when a file is missing or not the one the manifest means */
  async open(reference: string, version?: string): Promise<OpenedModel> {
    const entry = this.find(reference, version);
    const { name } = entry.manifest;
    try {
      return { ...entry, verified: await this.hashes.verify(entry.manifest, await folderOf(entry)) };
    } catch (cause) {
      if (cause instanceof AppError) throw new AppError('model_error', `model "${name}": ${cause.message}`, { cause });
      throw new AppError('model_error', `model "${name}": its files cannot be read`, { cause });
    }
  }

  private async verify(model: ListedModel): Promise<void> {
    if (!model.entry) return;
    try {
      model.verified = await this.hashes.verify(model.entry.manifest, await folderOf(model.entry));
    } catch (error) {
      model.problem = error instanceof AppError ? error.message : 'its files cannot be read';
    }
  }
}

function listBuiltin({ manifest, package: name, activationRanges }: BuiltinModel): ListedModel {
  const entry = { manifest, place: name === undefined ? undefined : { package: name }, activationRanges };
  return { name: manifest.name, version: manifest.version, origin: 'built-in', entry };
}

/** Why a model can't stand beside those found before it. */
function conflictWith(others: readonly ListedModel[], { name, version }: { name: string; version: string }): string | undefined {
  const namesakes = others.filter((other) => other.name === name);
  if (namesakes.some(({ origin }) => origin === 'built-in')) return `the name "${name}" belongs to a built-in model`;
  if (namesakes.some((other) => other.version === version)) return `version "${version}" is there twice`;
  return undefined;
}

/** Absolute, without links. */
async function folderOf({ manifest, place }: ModelEntry): Promise<string> {
  if (!place) return '';
  if ('folder' in place) return place.folder;
  try {
    return await realpath(await packageFolder(place.package));
  } catch (cause) {
    throw new AppError('model_error', `package ${place.package} of model "${manifest.name}" is not installed`, { cause });
  }
}

/** Where an npm package lies. Looked for in the folders that `import` looks in: a package may not let its package.json be resolved. */
async function packageFolder(name: string): Promise<string> {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const candidate = path.join(folder, name);
    if ((await stat(candidate).catch(() => undefined))?.isDirectory()) return candidate;
  }
  throw new Error(`package ${name} is not installed`);
}
