import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from './app-error.js';
import { hasErrorCode } from './error-code.js';

/** One picture of a frames directory, of one moment: agents replace files by renaming. */
export interface FrameFile {
  bytes: Buffer;
  modifiedUnixMs: number;
}

/** A picture below a frames directory; each name is one path component, as the grammar of frame URIs has them. */
interface FramePlace {
  directory: string;
  file: string;
}

/**
 * Reads `<root>/<directory>/<file>`. No link is followed below the root, and the file is opened in the directory that is held open:
 * nothing can be swapped in between, and a file that is replaced meanwhile is read as it was.
 * @throws AppError `not_found`, for a link with `ELOOP` as its cause; `payload_too_large`; `unavailable` for what else the disk says
 */
export async function readFrameFile(root: string, { directory, file }: FramePlace, bytesMax: number): Promise<FrameFile> {
  const folderPath = path.join(root, directory);
  const folder = await open(folderPath, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(frameFailure);
  try {
    // Linux names the open directory itself; elsewhere its path has to do.
    const parent = process.platform === 'linux' ? `/proc/self/fd/${folder.fd}` : folderPath;
    // Not blocking: the open of a named pipe would wait for a writer.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    return await readAndClose(await open(path.join(parent, file), flags).catch(frameFailure), bytesMax);
  } finally {
    await folder.close();
  }
}

async function readAndClose(handle: FileHandle, bytesMax: number): Promise<FrameFile> {
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw new AppError('not_found', 'Frame not found');
    if (status.size > bytesMax) throw new AppError('payload_too_large', `the frame has more than ${bytesMax} bytes`);
    return { bytes: await readUpTo(handle, status.size).catch(frameFailure), modifiedUnixMs: status.mtimeMs };
  } finally {
    await handle.close();
  }
}

/** Reads no more than the size that was checked: the file may grow, and some (of /proc) say that they are empty. */
async function readUpTo(handle: FileHandle, sizeBytes: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let length = 0;
  while (length < sizeBytes) {
    const { bytesRead } = await handle.read(bytes, length, sizeBytes - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}

/** The reason stays in the log: a path must not travel to the caller. */
function frameFailure(cause: unknown): never {
  if (hasErrorCode(cause, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EISDIR')) throw new AppError('not_found', 'Frame not found', { cause });
  throw new AppError('unavailable', 'the frame cannot be read', { cause });
}
