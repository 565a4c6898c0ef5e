import { decodeFrames, probeFile, type FfmpegBinary, type Rotation } from '@nightjar/media';
import { systemClock } from '@nightjar/runtime';
import { MotionDetector } from '../sampling/motion-detector.js';
import type { LiveFrame } from './camera-source.js';
import type { MediaClock } from './media-clock.js';
import type { FetchedFile, VideoFiles } from './video-files.js';

interface VideoFileSourceOptions {
  ffmpeg: FfmpegBinary;
  files: Pick<VideoFiles, 'fetch'>;
  /** May carry a signature: never log it. */
  url: string;
  framesPerSecond: number;
  /** How pictures are turned. */
  rotation: Rotation;
  /** Set to each frame's moment before the frame is given out. */
  clock: MediaClock;
}

/** A decoder that gives nothing for this long has hung. */
const decoderStallMs = 60_000;

/** Frames of a video file somewhere else: it is fetched whole, decoded like the file of a job, and removed. */
export class VideoFileSource {
  constructor(private readonly options: VideoFileSourceOptions) {}

  /**
   * Every sample, the next one when the consumer asks for it.
   * @throws AppError as `VideoFiles.fetch`, `probeFile` and `decodeFrames`
   */
  async *frames(signal: AbortSignal): AsyncGenerator<LiveFrame, void, undefined> {
    const { ffmpeg, files, url } = this.options;
    const file = await files.fetch(url, signal);
    try {
      await probeFile({ ffmpeg, path: file.path, signal });
      yield* this.decode(file, signal);
    } finally {
      await file.remove();
    }
  }

  private async *decode(file: FetchedFile, signal: AbortSignal): AsyncGenerator<LiveFrame, void, undefined> {
    const { clock, ffmpeg, framesPerSecond, rotation } = this.options;
    const motionDetector = new MotionDetector();
    const decoded = decodeFrames({
      ffmpeg,
      input: { kind: 'file', path: file.path },
      samplesPerSecond: framesPerSecond,
      samplesPerPicture: 1,
      rotation,
      stallMs: decoderStallMs,
      signal,
      clock: systemClock,
    });
    for await (const { atMs, luma, picture } of decoded) {
      const { motion, verdict } = motionDetector.observe(luma, atMs);
      if (!picture) continue;
      clock.advanceTo(atMs);
      const isKnown = verdict === 'moving' || verdict === 'quiet';
      yield { picture, capturedAtMs: clock.wallMs(), monotonicMs: clock.monotonicMs(), ...(isKnown ? { motion } : {}) };
    }
  }
}
