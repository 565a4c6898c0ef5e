import { isTimeToRotate } from './is-time-to-rotate.js';
import { SegmentFile } from './segment-file.js';
import type { SegmentRows } from './segment-rows.js';
import type { StreamTimes } from './stream-clock.js';
import type { VideoTrack } from '../mp4/parse-init-segment.js';

/** One fragment of the stream, or several that follow each other. */
export interface Fragment {
  startTicks: number;
  durationTicks: number;
  startsWithKeyFrame: boolean;
  /** `moof` and `mdat`, one after the other, with times that count from `originTicks` of the stream. Not put together: copies cost. */
  piecesFrom(originTicks: number): Buffer[];
}

interface SegmentWriterOptions {
  root: string;
  camera: { id: number; uuid: string };
  segmentMs: number;
  rows: Pick<SegmentRows, 'put'>;
  /** `ftyp` and `moov`: the begin of each file. */
  initBytes: Buffer;
  track: VideoTrack;
  /** End of what was recorded of this camera before, Unix ms; the next file does not begin earlier. */
  previousEndMs: number | undefined;
}

interface OpenSegment {
  file: SegmentFile;
  startTicks: number;
  startsAtMs: number;
  durationMs: number;
  isFirst: boolean;
}

/** Files that meet within this are one recording without a gap. */
const contiguousMs = 500;

/** Writes the fragments of one session into files that begin with key frames and are about `segmentMs` long. */
export class SegmentWriter {
  private current: OpenSegment | undefined;
  private isFirstFile = true;
  private lastKeyTicks: number | undefined;
  private lastGroupMs = 0;
  private endMs: number | undefined;
  private isDue = false;

  constructor(private readonly options: SegmentWriterOptions) {
    this.endMs = options.previousEndMs;
  }

  /** Unix ms up to which this camera is recorded. */
  get recordedUntilMs(): number | undefined {
    return this.endMs;
  }

  /**
   * Returns when the fragment is on disk.
   * @param times of the stream, as far as they were known when the fragment came
   * @throws the error of the disk; the file is closed with what it had
   */
  async write(fragment: Fragment, times: StreamTimes): Promise<void> {
    if (fragment.startsWithKeyFrame) await this.beginGroup(fragment);
    // A file begins with a key frame; what comes before the first one can't be shown.
    if (!this.current && !fragment.startsWithKeyFrame) return;
    try {
      if (this.current) await this.append(this.current, fragment, times);
      else this.current = await this.open(fragment, times);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.putRow(this.current, true);
  }

  /** The next key frame begins a file, whose time is read from the clock. */
  endFileAtKeyFrame(): void {
    this.isDue = true;
  }

  /** Ends the open file, if there is one. */
  async close(): Promise<void> {
    const { current } = this;
    if (!current) return;
    this.current = undefined;
    try {
      await current.file.close();
    } finally {
      this.putRow(current, false);
    }
  }

  private async beginGroup(fragment: Fragment): Promise<void> {
    if (this.lastKeyTicks !== undefined) this.lastGroupMs = this.msOf(fragment.startTicks - this.lastKeyTicks);
    this.lastKeyTicks = fragment.startTicks;
    const fileMs = this.current?.durationMs ?? 0;
    const isFull = isTimeToRotate({ fileMs, lastGroupMs: this.lastGroupMs, segmentMs: this.options.segmentMs });
    if (isFull || this.isDue) await this.close();
    this.isDue = false;
  }

  private async open(fragment: Fragment, times: StreamTimes): Promise<OpenSegment> {
    const { camera, initBytes, root } = this.options;
    const { startTicks } = fragment;
    const startsAtMs = this.startOf(times, startTicks, this.endMs);
    const pieces = [initBytes, ...fragment.piecesFrom(startTicks)];
    const file = await SegmentFile.create({ root, cameraUuid: camera.uuid, startsAtMs, pieces });
    const isFirst = this.isFirstFile;
    this.isFirstFile = false;
    return { file, startTicks, startsAtMs, durationMs: this.msOf(fragment.durationTicks), isFirst };
  }

  private async append(segment: OpenSegment, fragment: Fragment, times: StreamTimes): Promise<void> {
    const endTicks = fragment.startTicks + fragment.durationTicks;
    await segment.file.append(fragment.piecesFrom(segment.startTicks));
    segment.durationMs = this.msOf(endTicks - segment.startTicks);
    if (segment.isFirst && !this.isDue) segment.startsAtMs = this.betterStartOf(segment, times);
  }

  /**
   * What is known of the session's begin gets better until the clock has settled; and afterwards, when all that came so far turns out to
   * have come late.
   */
  private betterStartOf({ startsAtMs, startTicks }: OpenSegment, times: StreamTimes): number {
    const { previousEndMs } = this.options;
    const nowKnownMs = this.startOf(times, startTicks, previousEndMs);
    if (!times.isSettled) return nowKnownMs;
    // Never back into what was recorded before.
    const earliestMs = previousEndMs !== undefined && previousEndMs <= startsAtMs ? Math.max(previousEndMs, nowKnownMs) : nowKnownMs;
    return startsAtMs - earliestMs > contiguousMs ? earliestMs : startsAtMs;
  }

  /** Where the file before ends, if the two meet; a new reading of the clock where they drifted apart, or where there was a gap. */
  private startOf(times: StreamTimes, startTicks: number, previousEndMs: number | undefined): number {
    const byClockMs = times.unixMsOf(this.msOf(startTicks));
    return previousEndMs !== undefined && Math.abs(byClockMs - previousEndMs) <= contiguousMs ? previousEndMs : byClockMs;
  }

  private putRow(segment: OpenSegment, open: boolean): void {
    const { camera, rows, track } = this.options;
    const { durationMs, file, startsAtMs } = segment;
    this.endMs = startsAtMs + durationMs;
    rows.put({
      cameraId: camera.id,
      file: file.name,
      tier: 'fast',
      startsAt: new Date(startsAtMs),
      endsAt: new Date(this.endMs),
      sizeBytes: file.sizeBytes,
      videoCodec: track.codec,
      open,
    });
  }

  private msOf(ticks: number): number {
    return Math.round((ticks * 1_000) / this.options.track.timescale);
  }
}
