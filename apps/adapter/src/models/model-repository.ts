import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { AppError } from '@nightjar/runtime/app-error';
import { nanodetManifest } from './builtin/nanodet/manifest.js';
import { nanodetActivationRanges } from './builtin/nanodet/activation-ranges.js';
import type { ModelManifest } from './model-manifest.js';
import type { ActivationRanges } from './tfjs-to-onnx/quantisation.js';

/** A model as the repository knows it. */
export interface ModelEntry {
  readonly manifest: ModelManifest;
  /** What int8 needs to know; without them the model runs in fp32. */
  readonly activationRanges?: ActivationRanges | undefined;
}

/** A model's files, read and verified. */
export interface ModelFiles extends ModelEntry {
  /** `sha256:<hex>` over the bytes of all files in the manifest's order. Names these very weights in every answer. */
  readonly fingerprint: string;
  /** Content by the path that the manifest gives. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

const builtinModels: readonly ModelEntry[] = [{ manifest: nanodetManifest, activationRanges: nanodetActivationRanges }];

/** The models there are, and the way to their files. */
export class ModelRepository {
  private readonly entries: ReadonlyMap<string, ModelEntry>;

  constructor(models: readonly ModelEntry[] = builtinModels) {
    this.entries = new Map(models.map((model) => [model.manifest.name, model]));
  }

  list(): ModelManifest[] {
    return [...this.entries.values()].map(({ manifest }) => manifest);
  }

  /** @throws AppError `not_found` */
  find(name: string): ModelEntry {
    const entry = this.entries.get(name);
    if (!entry) throw new AppError('not_found', `there is no model "${name}"; available: ${[...this.entries.keys()].join(', ')}`);
    return entry;
  }

  /** Reads and verifies a model's files. @throws AppError `model_error` when one is missing or not the one the manifest means */
  async open(name: string): Promise<ModelFiles> {
    const { manifest, activationRanges } = this.find(name);
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
    return { manifest, activationRanges, fingerprint: `sha256:${fingerprint.digest('hex')}`, contents };
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
    throw new AppError('model_error', `model "${manifest.name}": ${path.basename(file)} cannot be read`, { cause });
  }
}
