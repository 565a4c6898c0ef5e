import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { AppError } from '@nightjar/runtime/app-error';
import { openContained } from './contained-file.js';
import { roleOf, type FileRole, type ModelFile, type ModelManifest } from './model-manifest.js';

/** Of a model whose manifest names no files. */
const maxFolderFiles = 256;
const maxFolderDepth = 4;

/** One file of a model, seen to be the one that its manifest means. */
export interface VerifiedFile {
  /** As the manifest gives it. */
  readonly path: string;
  readonly role: FileRole;
  readonly precision: ModelFile['precision'];
  /** Absolute, without links. */
  readonly realPath: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly signature: string;
}

export interface VerifiedFiles {
  /** Absolute, without links. */
  readonly folder: string;
  readonly files: readonly VerifiedFile[];
  /**
   * `sha256:<hex>`: names these very weights in every answer. That of the file where there is one, else that of the hashes of all
   * files in the manifest's order.
   */
  readonly fingerprint: string;
  readonly sizeBytes: number;
}

/** Hashes files, each once as long as it does not change: looking at the models again costs no reading of gigabytes. */
export class FileHashes {
  private readonly known = new Map<string, { signature: string; sha256: string }>();

  /** Verifies all files of a model. @throws AppError `invalid_argument` that says which file is missing, outside, or another */
  async verify(manifest: ModelManifest, folder: string): Promise<VerifiedFiles> {
    const namesNoFiles = manifest.format === 'transformers' && manifest.files.length === 0;
    const wanted: readonly WantedFile[] = namesNoFiles ? await filesBelow(folder) : manifest.files;
    const files: VerifiedFile[] = [];
    for (const [index, file] of wanted.entries()) {
      const { handle, ...opened } = await openContained(folder, file.path);
      try {
        const sha256 = await this.hashOf(opened, handle);
        if (file.sha256 !== undefined && file.sha256 !== sha256) {
          throw new AppError('invalid_argument', `${file.path} is not the file its manifest describes: its sha256 is ${sha256}`);
        }
        files.push({ ...opened, path: file.path, role: roleOf(wanted, index), precision: file.precision ?? 'fp32', sha256 });
      } finally {
        await handle.close();
      }
    }
    const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    return { folder, files, fingerprint: fingerprintOf(manifest, files), sizeBytes };
  }

  private async hashOf(
    { realPath, signature }: { realPath: string; signature: string },
    handle: Awaited<ReturnType<typeof openContained>>['handle'],
  ): Promise<string> {
    const known = this.known.get(realPath);
    if (known?.signature === signature) return known.sha256;
    const hash = createHash('sha256');
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
    const sha256 = hash.digest('hex');
    this.known.set(realPath, { signature, sha256 });
    return sha256;
  }
}

/**
 * All bytes of a verified file.
 * @throws AppError `model_error` when it is not what it was when it was verified
 */
export async function readVerified({ folder }: VerifiedFiles, file: VerifiedFile): Promise<Uint8Array> {
  const { handle } = await openContained(folder, file.path);
  try {
    const bytes = await handle.readFile();
    if (createHash('sha256').update(bytes).digest('hex') !== file.sha256) throw changed(file);
    return bytes;
  } finally {
    await handle.close();
  }
}

/** @throws AppError `model_error` when the model has no file for that */
export function requireFile({ manifest, verified }: { manifest: ModelManifest; verified: VerifiedFiles }, role: FileRole): VerifiedFile {
  const file = verified.files.find((candidate) => candidate.role === role);
  if (!file) throw new AppError('model_error', `model "${manifest.name}" has no file of role "${role}"`);
  return file;
}

/** For files that a library has read by itself. @throws AppError `model_error` when one changed since it was verified */
export async function requireUnchanged({ folder, files }: VerifiedFiles): Promise<void> {
  for (const file of files) {
    const { handle, signature } = await openContained(folder, file.path);
    await handle.close();
    if (signature !== file.signature) throw changed(file);
  }
}

function changed({ path }: VerifiedFile): AppError {
  return new AppError('model_error', `${path} changed while the model was loaded`);
}

function fingerprintOf({ name, version }: ModelManifest, files: readonly VerifiedFile[]): string {
  const [only] = files;
  if (only && files.length === 1) return `sha256:${only.sha256}`;
  // A model without files is the same everywhere.
  const text = files.length === 0 ? `${name}@${version}` : files.map(({ sha256 }) => sha256).join('\n');
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

type WantedFile = Pick<ModelFile, 'path'> & Partial<ModelFile>;

async function filesBelow(folder: string): Promise<WantedFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => [...entry.parentPath.slice(folder.length).split(/[\\/]/), entry.name].filter(Boolean))
    .filter((segments) => segments.every((segment) => !segment.startsWith('.')) && segments.join('/') !== 'model.json')
    .map((segments) => segments.join('/'))
    .sort();
  if (paths.length > maxFolderFiles || paths.some((file) => file.split('/').length > maxFolderDepth)) {
    throw new AppError('invalid_argument', `the folder holds more than ${maxFolderFiles} files, or folders in folders in folders`);
  }
  return paths.map((path) => ({ path }));
}
