import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { AppError } from '@nightjar/runtime';

const run = promisify(execFile);

/** An FFmpeg that runs. */
export interface FfmpegBinary {
  /** Absolute path, or the bare name when it was found on PATH. */
  readonly path: string;
  readonly version: string;
  readonly foundBy: 'FFMPEG_PATH' | 'PATH' | 'ffmpeg-static';
}

/**
 * Finds FFmpeg: the configured path (FFMPEG_PATH), else `ffmpeg` on PATH, else the file of the optional package
 * ffmpeg-static. Each is run once, so a file that is there but does not start does not count.
 * Undefined when there is none; a configured path that does not run is an error, not a reason to look elsewhere.
 */
export async function findFfmpeg(options: { configuredPath?: string | undefined } = {}): Promise<FfmpegBinary | undefined> {
  const { configuredPath } = options;
  if (configuredPath !== undefined && configuredPath !== '') {
    const version = await readVersion(configuredPath);
    if (version === undefined)
      throw new AppError('invalid_argument', `FFMPEG_PATH is set to "${configuredPath}", which is not a working FFmpeg`);
    return { path: configuredPath, version, foundBy: 'FFMPEG_PATH' };
  }
  const onPath = await readVersion('ffmpeg');
  if (onPath !== undefined) return { path: 'ffmpeg', version: onPath, foundBy: 'PATH' };
  const packaged = await findPackagedFfmpeg();
  if (packaged === undefined) return undefined;
  const version = await readVersion(packaged);
  return version === undefined ? undefined : { path: packaged, version, foundBy: 'ffmpeg-static' };
}

async function readVersion(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ['-version'], { timeout: 10_000 });
    return /^ffmpeg version (\S+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** The package names a file that its install script may not have been allowed to download: the file counts, not the package. */
async function findPackagedFfmpeg(): Promise<string | undefined> {
  try {
    const file: unknown = createRequire(import.meta.url)('ffmpeg-static');
    if (typeof file !== 'string') return undefined;
    await access(file);
    return file;
  } catch {
    return undefined;
  }
}
