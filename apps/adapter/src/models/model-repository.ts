import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { AppError } from '@nightjar/runtime';
import { nanodetManifest } from './builtin/nanodet/manifest.js';
import type { ModelManifest } from './model-manifest.js';

/** A model's files, read and verified. */
export interface ModelFiles {
  readonly manifest: ModelManifest;
  /** `sha256:<hex>` over the bytes of all files in the manifest's order. Names these very weights in every answer. */
  readonly fingerprint: string;
  /** Content by the path that the manifest gives. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

const builtinManifests: readonly ModelManifest[] = [nanodetManifest];

/** The models there are, and the way to their files. */
export class ModelRepository {
  private readonly manifests: ReadonlyMap<string, ModelManifest>;

  constructor(manifests: readonly ModelManifest[] = builtinManifests) {
    this.manifests = new Map(manifests.map((manifest) => [manifest.name, manifest]));
  }

  list(): ModelManifest[] {
    return [...this.manifests.values()];
  }

  /** @throws AppError `not_found` */
  find(name: string): ModelManifest {
    const manifest = this.manifests.get(name);
    if (!manifest) throw new AppError('not_found', `there is no model "${name}"; available: ${[...this.manifests.keys()].join(', ')}`);
    return manifest;
  }

  /** Reads and verifies a model's files. @throws AppError `model_error` when one is missing or not the one the manifest means */
  async open(name: string): Promise<ModelFiles> {
    const manifest = this.find(name);
    const root = packageRoot(manifest);
    const fingerprint = createHash('sha256');
    const contents = new Map<string, Uint8Array>();
    for (const file of manifest.files) {
      const bytes = await readModelFile(manifest, path.join(root, file.path));
      if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) {
        throw new AppError('model_error', `model "${name}": ${file.path} is not the file its manifest describes`);
      }
      fingerprint.update(bytes);
      contents.set(file.path, bytes);
    }
    return { manifest, fingerprint: `sha256:${fingerprint.digest('hex')}`, contents };
  }
}

function packageRoot(manifest: ModelManifest): string {
  try {
    return path.dirname(createRequire(import.meta.url).resolve(`${manifest.package}/package.json`));
  } catch (cause) {
    throw new AppError('model_error', `model "${manifest.name}": package ${manifest.package} is not installed`, { cause });
  }
}

async function readModelFile(manifest: ModelManifest, file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new AppError('model_error', `model "${manifest.name}": ${path.basename(file)} can not be read`, { cause });
  }
}
