import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { frameBytesMax, framePartBytesMax, parseFrameUri, type FrameUri } from '@nightjar/contracts';
import { WithBody } from '@nightjar/messaging';
import { AppError, readFrameFile, type Clock, type FrameFile } from '@nightjar/runtime';
import type { NvrConfig } from '../config.js';
import { CLOCK, CONFIG } from '../process-parts.js';

/** Agents write the newest picture at least once a second while frames flow. */
const latestPictureFile = 'latest.jpg';
/** An older picture is no picture: it would show an empty yard while the camera is gone. */
const latestPictureAgeMaxMs = 30_000;

/** Reads the pictures that agents leave in the frames directory. */
@Injectable()
export class FramesService {
  constructor(
    @Inject(CONFIG) private readonly config: NvrConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError `unavailable` while there is no fresh picture */
  async readLatest(framesName: string): Promise<FrameFile> {
    const unavailable = (cause?: unknown) =>
      new AppError('unavailable', 'the camera has no current picture', { cause, retryAfterMs: 2_000 });
    const picture = await this.read({ directory: framesName, file: latestPictureFile }).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'not_found' ? unavailable(error) : error;
    });
    // One from the future was taken before the clock was set back.
    if (Math.abs(this.clock.wallMs() - picture.modifiedUnixMs) > latestPictureAgeMaxMs) throw unavailable();
    return picture;
  }

  /** The last picture of a stream, however old it is: its time says so. @throws AppError `not_found` */
  readLast(framesName: string): Promise<FrameFile> {
    return this.read({ directory: framesName, file: latestPictureFile });
  }

  /** When that was taken, in Unix ms; undefined: there is none. */
  async lastTakenAt(framesName: string): Promise<number | undefined> {
    const found = await lstat(path.join(this.config.framesDir, framesName, latestPictureFile)).catch(() => undefined);
    return found?.isFile() ? found.mtimeMs : undefined;
  }

  /**
   * One part of a picture for an adapter without the frames directory. Two parts with different `modified_unix_ms` are of two
   * pictures: the caller begins anew.
   * @throws AppError `invalid_argument` for what is no frame URI, `not_found`, `payload_too_large`
   */
  async readPart(request: { uri: string; offset: number }): Promise<WithBody<{ size_bytes: number; modified_unix_ms: number }>> {
    const { bytes, modifiedUnixMs } = await this.readUri(request.uri);
    const part = bytes.subarray(request.offset, request.offset + framePartBytesMax);
    return new WithBody({ size_bytes: bytes.length, modified_unix_ms: modifiedUnixMs }, part);
  }

  private readUri(text: string): Promise<FrameFile> {
    const uri = parseFrameUri(text);
    if (!uri) throw new AppError('invalid_argument', 'Invalid frame URI');
    return this.read(uri);
  }

  private read(uri: FrameUri): Promise<FrameFile> {
    return readFrameFile(this.config.framesDir, uri, frameBytesMax);
  }
}
