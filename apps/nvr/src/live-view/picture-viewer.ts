import type { ServerResponse } from 'node:http';
import { AppError, pause, toAppError } from '@nightjar/runtime';
import type { NewestPicture } from '../playback/newest-pictures.js';

/** Between two pictures; no picture has this line in it by chance. */
export const pictureBoundary = 'nightjar-picture-7f3a';
/** A viewer who takes nothing for so long is cut off. */
const stalledMsMax = 10_000;

/** One viewer of the newest pictures of a camera, each sent when it is another than the one before (`multipart/x-mixed-replace`). */
export class PictureViewer {
  /** Settles when the viewer is gone. */
  readonly over: Promise<void>;
  private readonly stopping = new AbortController();

  /** @param options.revalidate asks again whether the viewer may watch. @throws AppError */
  constructor(
    private readonly options: {
      first: NewestPicture;
      /** @throws AppError `unavailable` while there is no fresh picture, `overloaded` */
      readPicture: () => Promise<NewestPicture>;
      revalidate: () => Promise<void>;
      pauseMs: number;
    },
  ) {
    this.over = new Promise((resolve) => this.stopping.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** Sends pictures on a response whose head is out, until the viewer goes or there are none any more. @throws what else keeps it from a picture */
  async show(response: ServerResponse): Promise<void> {
    const { signal } = this.stopping;
    if (response.destroyed) this.stopping.abort();
    response.once('close', () => this.stopping.abort());
    try {
      let shownUnixMs = 0;
      for (let picture = this.options.first; !signal.aborted; picture = await this.readNext(picture)) {
        if (picture.takenUnixMs !== shownUnixMs) await this.send(response, picture.bytes);
        shownUnixMs = picture.takenUnixMs;
        await pause(this.options.pauseMs, signal);
      }
    } catch (error) {
      // No picture for half a minute: the viewer asks again.
      if (!(error instanceof AppError && error.code === 'unavailable')) throw error;
    } finally {
      response.end();
      this.stopping.abort();
    }
  }

  /** Ends who may not watch any more; a database that is away ends nothing. */
  async beat(): Promise<void> {
    await this.options.revalidate().catch((error: unknown) => {
      if (!toAppError(error).retryable) this.end();
    });
  }

  end(): void {
    this.stopping.abort();
  }

  /** The one before it where too many others wait for theirs. */
  private async readNext(shown: NewestPicture): Promise<NewestPicture> {
    try {
      return await this.options.readPicture();
    } catch (error) {
      if (error instanceof AppError && error.code === 'overloaded') return shown;
      throw error;
    }
  }

  private async send(response: ServerResponse, jpeg: Buffer): Promise<void> {
    response.write(`--${pictureBoundary}\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
    response.write(jpeg);
    if (response.write('\r\n')) return;
    const { signal } = this.stopping;
    if (signal.aborted) return;
    // The end of the response, which this may be, aborts the signal.
    const late = setTimeout(() => response.destroy(), stalledMsMax);
    await new Promise<void>((resolve) => {
      const goOn = () => {
        response.off('drain', goOn);
        signal.removeEventListener('abort', goOn);
        resolve();
      };
      response.once('drain', goOn);
      signal.addEventListener('abort', goOn, { once: true });
    });
    clearTimeout(late);
  }
}
