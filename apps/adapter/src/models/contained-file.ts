import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '@nightjar/runtime/app-error';
import { hasErrorCode } from '@nightjar/runtime/error-code';

/** A larger file is no model that this server could run. */
const maxFileBytes = 8 * 1024 ** 3;

/** A file that was opened after it was seen to lie inside its folder. */
interface ContainedFile {
  readonly handle: FileHandle;
  /** Without links. */
  readonly realPath: string;
  readonly sizeBytes: number;
  /** Changes whenever the file is written or replaced. */
  readonly signature: string;
}

/**
 * Opens a file of a model for reading. Whatever the path says, nothing outside `folder` is opened, nothing but a plain file, and
 * nothing of more than `limitBytes`.
 * @param folder absolute and without links
 * @param relativePath with `/`
 * @throws AppError `invalid_argument` that names the path and says why
 */
export async function openContained(folder: string, relativePath: string, limitBytes = maxFileBytes): Promise<ContainedFile> {
  const refuse = (why: string, cause?: unknown) => new AppError('invalid_argument', `${relativePath} ${why}`, { cause });
  const segments = relativePath.split('/');
  if (/[\\\0]/.test(relativePath) || segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw refuse('is no path inside the folder of the model');
  }
  const realPath = await realpath(path.join(folder, ...segments)).catch((error: unknown) => {
    throw refuse(hasErrorCode(error, 'ENOENT') ? 'is missing' : 'cannot be read', error);
  });
  if (!isInside(folder, realPath)) throw refuse('leads out of the folder of the model');
  // Without O_NONBLOCK a named pipe would keep the process waiting for a writer.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(realPath, flags).catch((error: unknown) => {
    throw refuse('cannot be read', error);
  });
  try {
    const stats = await handle.stat();
    const { size, mtimeMs, ctimeMs, ino, dev } = stats;
    if (!stats.isFile()) throw refuse('is no plain file');
    if (size > limitBytes) throw refuse(`has ${size} bytes, more than ${limitBytes}`);
    return { handle, realPath, sizeBytes: size, signature: [realPath, size, mtimeMs, ctimeMs, ino, dev].join(':') };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** All bytes of a small file of a model. @throws AppError as `openContained` */
export async function readContained(folder: string, relativePath: string, limitBytes: number): Promise<Buffer> {
  const { handle } = await openContained(folder, relativePath, limitBytes);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

export function isInside(folder: string, file: string): boolean {
  return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep);
}
