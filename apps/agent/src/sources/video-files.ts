import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CheckedFetch } from '@nightjar/outbound';
import { AppError, type Logger } from '@nightjar/runtime';

/** A file that was fetched, for as long as somebody reads it. */
export interface FetchedFile {
  path: string;
  remove(): Promise<void>;
}

interface VideoFilesOptions {
  /** The only way out: it refuses addresses inside. */
  client: Pick<CheckedFetch, 'stream'>;
  directory: string;
  bytesMax: number;
  logger: Logger;
  timeoutMs?: number;
}

/** For a whole download: 2 GiB in this time are 0.6 MB a second. */
const timeoutMsDefault = 3_600_000;
/** What a killed agent left; no file is read for longer than a film is analysed. */
const leftoverMs = 24 * 3_600_000;
const nameForm = /^video-[0-9a-f-]{36}$/;

/** Video files of streams, fetched into a directory of ours and removed when they were read. */
export class VideoFiles {
  constructor(private readonly options: VideoFilesOptions) {}

  /** Makes the directory and clears what a killed agent left. */
  async open(): Promise<void> {
    const { directory, logger } = this.options;
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      for (const name of (await readdir(directory)).filter((entry) => nameForm.test(entry))) {
        const file = path.join(directory, name);
        const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: Date.now() }));
        if (Date.now() - mtimeMs > leftoverMs) await rm(file, { force: true });
      }
    } catch (error) {
      logger.error('video files of streams cannot be kept', { error });
    }
  }

  /**
   * Fetches a file whole. Redirects are not followed.
   * @throws AppError as `CheckedFetch.stream`; `payload_too_large`; `unprocessable` for an answer that is no file, `unavailable` for
   *   one that is none just now or breaks off; the reason of the signal
   */
  async fetch(url: string, signal: AbortSignal): Promise<FetchedFile> {
    const { bytesMax, client, directory, timeoutMs = timeoutMsDefault } = this.options;
    const file = path.join(directory, `video-${randomUUID()}`);
    const remove = () => rm(file, { force: true });
    const handle = await open(file, 'wx', 0o600);
    let bytes = 0;
    try {
      const { headers } = await client.stream(url, {
        headers: { accept: '*/*', 'user-agent': 'Nightjar' },
        timeoutMs,
        signal,
        accept: (head) => acceptFile(head, bytesMax),
        write: async (chunk) => {
          bytes += chunk.length;
          if (bytes > bytesMax) throw tooLarge(bytesMax);
          await handle.writeFile(chunk);
        },
      });
      const announced = headers['content-length'];
      if (announced !== undefined && Number(announced) !== bytes)
        throw new AppError('unavailable', 'the server of the video sends less than it announced');
      return { path: file, remove };
    } catch (error) {
      await remove();
      throw error;
    } finally {
      await handle.close();
    }
  }
}

function acceptFile(head: { status: number; headers: Readonly<Record<string, string | string[] | undefined>> }, bytesMax: number): void {
  const { headers, status } = head;
  // `stream` itself refuses redirects, in words.
  if (status >= 300 && status < 400) return;
  if (status !== 200)
    throw new AppError(
      status >= 500 || status === 429 ? 'unavailable' : 'unprocessable',
      `the server of the video answers with status ${status}`,
    );
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
}

function tooLarge(bytesMax: number): AppError {
  return new AppError('payload_too_large', `the video has more than ${bytesMax} bytes`);
}
