import { Inject, Injectable } from '@nestjs/common';
import { AppError, toAppError, type Clock } from '@nightjar/runtime';
import { FramesService } from '../frames/frames.service.js';
import { CLOCK } from '../process-parts.js';
import { SegmentsStore, type Segment } from '../segments/segments.store.js';
import { PlaybackService } from './playback.service.js';

/** An older picture is no picture: it would show an empty yard while the camera is gone. */
const ageMaxMs = 30_000;
/** What ends later was recorded before the clock was set back. The clocks of recorder and API may differ by less. */
const aheadMaxMs = 15_000;
/** Callers that poll share a picture for so long: each one costs an FFmpeg. */
const sharedMs = 2_000;
const readingMaxMs = 10_000;

export interface NewestPicture {
  /** JPEG. */
  bytes: Buffer;
  takenUnixMs: number;
}

/** The newest picture of a camera: what its agent decoded, or else, of one that is recorded and not analysed, the end of its recording. */
@Injectable()
export class NewestPictures {
  /** One a camera at most, and none that is older than its share. */
  private readonly recorded = new Map<number, { madeMs: number; picture: Promise<NewestPicture | undefined> }>();

  constructor(
    private readonly frames: FramesService,
    private readonly segments: SegmentsStore,
    private readonly playback: PlaybackService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError `unavailable` while there is none, `overloaded` while others wait for theirs */
  async read(camera: { id: number; framesName: string }): Promise<NewestPicture> {
    try {
      const { bytes, modifiedUnixMs } = await this.frames.readLatest(camera.framesName);
      return { bytes, takenUnixMs: modifiedUnixMs };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
      const picture = await this.readRecorded(camera.id);
      if (!picture) throw error;
      return picture;
    }
  }

  private readRecorded(cameraId: number): Promise<NewestPicture | undefined> {
    const nowMs = this.clock.monotonicMs();
    for (const [id, { madeMs }] of this.recorded) if (nowMs - madeMs >= sharedMs) this.recorded.delete(id);
    const shared = this.recorded.get(cameraId);
    if (shared) return shared.picture;
    const picture = this.makeRecorded(cameraId);
    this.recorded.set(cameraId, { madeMs: nowMs, picture });
    return picture;
  }

  private async makeRecorded(cameraId: number): Promise<NewestPicture | undefined> {
    const nowUnixMs = this.clock.wallMs();
    const newest = await this.findNewest(cameraId, nowUnixMs);
    if (!newest) return undefined;
    const takenUnixMs = Math.min(newest.endsAt.getTime(), nowUnixMs) - 1;
    const bytes = await this.playback
      .readPictureIn(newest, { atUnixMs: takenUnixMs, signal: AbortSignal.timeout(readingMaxMs) })
      .catch(noPicture);
    return bytes && { bytes, takenUnixMs };
  }

  /** After the clock was set back there are two recordings of one time: the row that was made last is of the later one. */
  private async findNewest(cameraId: number, nowUnixMs: number): Promise<Segment | undefined> {
    const range = { from: new Date(nowUnixMs - ageMaxMs), to: new Date(nowUnixMs) };
    const [recent, lastIdAhead] = await Promise.all([
      this.segments.listOverlapping(cameraId, range),
      this.segments.lastIdEndingAfter(cameraId, new Date(nowUnixMs + aheadMaxMs)),
    ]);
    return recent
      .filter(({ id }) => id > lastIdAhead)
      .reduce<Segment | undefined>((last, one) => (last && last.id > one.id ? last : one), undefined);
  }
}

/**
 * What it means that a picture could not be read. The recorder may be removing its file, or the end of that may hold no picture yet: then
 * there is none.
 * @throws AppError `unavailable` when it took too long: nobody hung up, so it is not `cancelled`; anything else as it is
 */
export function noPicture(error: unknown): undefined {
  const { code } = toAppError(error);
  if (code === 'cancelled' || code === 'deadline_exceeded')
    throw new AppError('unavailable', 'the picture was not made in time', { cause: error, retryAfterMs: sharedMs });
  if (code !== 'not_found') throw error;
}
