import type { Readable } from 'node:stream';
import { AppError, type Clock } from '@nightjar/runtime';
import { type FfmpegExit, type FfmpegProcess } from './ffmpeg-process.js';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { JpegSplitter, type JpegPicture } from './jpeg-splitter.js';
import { LumaSplitter, type LumaPlane, type PlaneSize } from './luma-plane.js';
import { openInput, startOn, type MediaInput, type OpenedInput } from './media-input.js';
import { fileMemoryBytesMax, type ProcessLimits } from './process-limits.js';
import { turnedSize, turningFilters, type Rotation } from './turn-pictures.js';

export interface DecodeOptions {
  ffmpeg: FfmpegBinary;
  /** A file gives every sample, at the consumer's pace. A camera gives the newest one, at its own pace. */
  input: MediaInput;
  /** Samples a second; each has a luma plane. */
  samplesPerSecond: number;
  /**
   * Leaves out what no other frame of the stream refers to: about half of the frames of most files, and a third of the work. A
   * sample is then what was on screen up to a few frames earlier. For files with several frames a sample only.
   */
  referencesOnly?: boolean;
  /** Every how many samples one has a picture beside its plane: 1 for all, which is what a camera needs. */
  samplesPerPicture: number;
  /** Wider pictures are scaled down to this many pixels. */
  pictureWidthMax?: number;
  planeSize?: PlaneSize;
  /** Pictures and planes are turned by it after they were scaled; default 0. */
  rotation?: Rotation | undefined;
  /** Longest wait for the next sample before the input counts as stalled. */
  stallMs?: number;
  wallLimitMs?: number;
  signal: AbortSignal;
  clock: Clock;
}

/** One sample of a video. */
export interface DecodedFrame {
  /** Counts from 0; a camera's frames that nobody took leave holes. */
  index: number;
  /** File: ms from its start. Camera: Unix ms of its arrival. */
  atMs: number;
  luma: LumaPlane;
  picture: JpegPicture | undefined;
}

const pictureWidthMaxDefault = 1_280;
const planeSizeDefault: PlaneSize = { width: 160, height: 90 };
const stallMsDefault = 15_000;
/** No file is analysed that takes longer to decode than the longest one takes to watch. */
const fileCpuSecondsMax = 24 * 3_600;
/** FFmpeg's scale of JPEG quality, 2 best to 31 worst. */
const jpegQuality = '4';

/**
 * Samples a video: one decode gives pictures (JPEG) and small luma planes (8 bit), paired by index. Sample `n` of a file is what
 * a viewer sees at `n / samplesPerSecond`. FFmpeg runs as long as the iteration does, and is gone when it ends, however it ends.
 * @throws AppError `unprocessable` when a file can't be decoded, `unavailable` when a camera's stream ends (it never just
 *   finishes) or stalls, `deadline_exceeded` when a file stalls or takes longer than `wallLimitMs`, `cancelled` on the signal
 */
export async function* decodeFrames(options: DecodeOptions): AsyncGenerator<DecodedFrame, void, undefined> {
  const input = await openInput(options.input, options.ffmpeg);
  let ffmpeg: FfmpegProcess | undefined;
  try {
    ffmpeg = startOn(input, {
      ffmpeg: options.ffmpeg,
      arguments: decodeArguments(options, input),
      extraPipes: 1,
      signal: options.signal,
      wallLimitMs: options.wallLimitMs,
      limits: limitsOf(options.input),
    });
    const reader = new SampleReader(ffmpeg, options);
    let count = 0;
    for (;;) {
      const frame = await reader.next();
      if (frame === undefined) break;
      count++;
      yield frame;
    }
    throwUnlessDone({ exit: await ffmpeg.exited, count, options, input });
  } finally {
    await ffmpeg?.stop();
    input.close();
  }
}

/** A camera is decoded for as long as it is there; the longest file that is taken plays for a day. */
function limitsOf({ kind }: MediaInput): ProcessLimits {
  return { memoryBytes: fileMemoryBytesMax, ...(kind === 'file' ? { cpuSeconds: fileCpuSecondsMax } : {}) };
}

function decodeArguments(options: DecodeOptions, input: OpenedInput): string[] {
  const { samplesPerSecond, samplesPerPicture, pictureWidthMax = pictureWidthMaxDefault, planeSize = planeSizeDefault } = options;
  const turn = turningFilters(options.rotation ?? 0);
  // Rounding up makes the frame of a slot the one on screen at that moment; rounding to nearest may show the future.
  const startTime = options.input.kind === 'file' ? ':start_time=0' : '';
  const sample = (rate: string) => `fps=fps=${rate}:round=up${startTime}`;
  const thinned = samplesPerPicture === 1 ? '' : `${sample(`${samplesPerSecond}/${samplesPerPicture}`)},`;
  const graph = [
    `[0:V:0]${sample(String(samplesPerSecond))},split=2[shown][measured]`,
    `[shown]${thinned}scale=w='min(${pictureWidthMax},iw)':h=-2:flags=bilinear,format=yuvj420p${turn}[picture]`,
    `[measured]scale=w=${planeSize.width}:h=${planeSize.height}:flags=area,format=gray${turn}[luma]`,
  ].join(';');
  return [
    ...(options.referencesOnly ? ['-skip_frame', 'noref'] : []),
    ...input.arguments,
    ...['-filter_complex_threads', '1', '-filter_complex', graph],
    ...['-map', '[picture]', '-c:v', 'mjpeg', '-q:v', jpegQuality, '-threads', '1', '-f', 'mjpeg', 'pipe:1'],
    ...['-map', '[luma]', '-c:v', 'rawvideo', '-threads', '1', '-f', 'rawvideo', 'pipe:3'],
  ];
}

/** Bounds of what waits between FFmpeg and the consumer of a file; a full one pauses its pipe, and with it FFmpeg. */
const picturesWaitingMax = 8;
/** More than the samples by which FFmpeg's two outputs may be apart, or each would wait for the other. */
const planesWaitingMax = 128;

/** Reads FFmpeg's two pipes and joins what belongs together. */
class SampleReader {
  private readonly pictures: JpegPicture[] = [];
  private readonly planes: LumaPlane[] = [];
  private index = 0;
  /** Camera: bound 1, newest wins; a late picture is worthless. */
  private newest: DecodedFrame | undefined;
  private ended = 0;
  private failure: unknown;
  private wake: () => void = () => undefined;
  private readonly jpegPipe: Readable;
  private readonly lumaPipe: Readable;

  constructor(
    private readonly ffmpeg: FfmpegProcess,
    private readonly options: DecodeOptions,
  ) {
    const [jpegPipe, lumaPipe] = ffmpeg.pipes;
    if (!jpegPipe || !lumaPipe) throw new AppError('internal', 'FFmpeg was started without its pipes');
    this.jpegPipe = jpegPipe;
    this.lumaPipe = lumaPipe;
    const jpegs = new JpegSplitter();
    const lumas = new LumaSplitter(turnedSize(options.planeSize ?? planeSizeDefault, options.rotation ?? 0));
    this.listen(jpegPipe, (chunk) => this.pictures.push(...jpegs.push(chunk)));
    this.listen(lumaPipe, (chunk) => this.planes.push(...lumas.push(chunk)));
  }

  /** @returns undefined when both pipes are at their end, or on the signal */
  async next(): Promise<DecodedFrame | undefined> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure;
      if (this.options.signal.aborted) return undefined;
      const frame = this.options.input.kind === 'camera' ? this.takeNewest() : this.takePaired();
      this.balancePipes();
      if (frame) return frame;
      if (this.ended === 2) return undefined;
      await this.waitForChange();
    }
  }

  private listen(pipe: Readable, take: (chunk: Buffer) => void): void {
    pipe.on('data', (chunk: Buffer) => {
      try {
        take(chunk);
        if (this.options.input.kind === 'camera') this.replaceNewest();
      } catch (error) {
        this.failure = error;
      }
      this.balancePipes();
      this.wake();
    });
    pipe.once('close', () => {
      this.ended++;
      this.wake();
    });
  }

  private takePaired(): DecodedFrame | undefined {
    const [luma] = this.planes;
    if (!luma) return undefined;
    const hasPicture = this.index % this.options.samplesPerPicture === 0;
    const [picture] = this.pictures;
    // At the very end one of the outputs may be a sample ahead: what has no partner any more goes without.
    if (hasPicture && !picture && this.ended < 2) return undefined;
    this.planes.shift();
    if (hasPicture) this.pictures.shift();
    const index = this.index++;
    const atMs = this.options.input.kind === 'camera' ? this.options.clock.wallMs() : (index * 1_000) / this.options.samplesPerSecond;
    return { index, atMs, luma, picture: hasPicture ? picture : undefined };
  }

  private replaceNewest(): void {
    for (let frame = this.takePaired(); frame; frame = this.takePaired()) this.newest = frame;
  }

  private takeNewest(): DecodedFrame | undefined {
    const frame = this.newest;
    this.newest = undefined;
    return frame;
  }

  private balancePipes(): void {
    setPaused(this.jpegPipe, this.pictures.length >= picturesWaitingMax);
    setPaused(this.lumaPipe, this.planes.length >= planesWaitingMax);
  }

  private async waitForChange(): Promise<void> {
    const stallMs = this.options.stallMs ?? stallMsDefault;
    let timer: NodeJS.Timeout | undefined;
    const stalled = await new Promise<boolean>((resolve) => {
      this.wake = () => resolve(false);
      timer = setTimeout(() => resolve(true), stallMs);
    });
    clearTimeout(timer);
    if (!stalled) return;
    const isCamera = this.options.input.kind === 'camera';
    throw new AppError(isCamera ? 'unavailable' : 'deadline_exceeded', `no frame for ${Math.round(stallMs / 1_000)} s`, {
      retryAfterMs: 1_000,
    });
  }
}

function setPaused(pipe: Readable, paused: boolean): void {
  if (pipe.isPaused() === paused) return;
  if (paused) pipe.pause();
  else pipe.resume();
}

function throwUnlessDone(end: { exit: FfmpegExit; count: number; options: DecodeOptions; input: OpenedInput }): void {
  const { exit, count, input, options } = end;
  const cause = new Error(exit.stderrTail || `FFmpeg ended with ${exit.code ?? exit.killedBy}`);
  if (options.signal.aborted) throw new AppError('cancelled', 'the decoding was cancelled', { cause: options.signal.reason });
  if (exit.stopped === 'wall_limit') throw new AppError('deadline_exceeded', 'the decoding took too long', { cause });
  if (options.input.kind === 'camera')
    throw input.problem ?? new AppError('unavailable', 'the stream of the camera ended', { cause, retryAfterMs: 1_000 });
  if (count === 0) throw new AppError('unprocessable', 'the file has no frame that can be decoded', { cause });
  if (exit.code !== 0) throw new AppError('unprocessable', 'the file cannot be decoded to its end', { cause });
}
