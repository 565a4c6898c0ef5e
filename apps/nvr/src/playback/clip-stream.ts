import { Readable } from 'node:stream';
import type { FfmpegProcess } from '@nightjar/media';
import { AppError } from '@nightjar/runtime';

const bufferedBytesMax = 256 * 1024;

/**
 * What FFmpeg writes, as fast as it is read. Resolves with the first bytes: what fails at once fails here.
 * @param options.stalledMsMax a reader that takes nothing for so long ends FFmpeg
 * @throws AppError `internal` when FFmpeg gives nothing; later the stream fails with it when FFmpeg does
 */
export async function streamClip(process: FfmpegProcess, options: { stalledMsMax: number }): Promise<Readable> {
  const chunks = readChunks(process, options.stalledMsMax);
  const first = await chunks.next();
  if (first.done) throw new AppError('internal', 'the clip is empty');
  return Readable.from(startingWith(first.value, chunks), { objectMode: false, highWaterMark: bufferedBytesMax });
}

async function* startingWith(first: Buffer, rest: AsyncGenerator<Buffer, void, undefined>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield first;
    yield* rest;
  } finally {
    // Ends FFmpeg also when the reader leaves before it asked for the second part.
    await rest.return();
  }
}

async function* readChunks(process: FfmpegProcess, stalledMsMax: number): AsyncGenerator<Buffer, void, undefined> {
  const [stdout] = process.pipes;
  if (!stdout) throw new AppError('internal', 'FFmpeg has no output');
  try {
    for await (const chunk of stdout as AsyncIterable<Buffer>) {
      const stalled = setTimeout(() => void process.stop(), stalledMsMax);
      try {
        yield chunk;
      } finally {
        clearTimeout(stalled);
      }
    }
    const { code, stderrTail } = await process.exited;
    // A file that is gone ends the clip in order; a client must not take the half for the whole.
    if (code !== 0 || /Impossible to open/.test(stderrTail))
      throw new AppError('internal', 'the clip could not be made to its end', { cause: new Error(stderrTail) });
  } finally {
    await process.stop();
  }
}
