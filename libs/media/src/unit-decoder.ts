import type { Writable } from 'node:stream';
import { AppError } from '@nightjar/runtime';
import { FfmpegProcess, type FfmpegExit } from './ffmpeg-process.js';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { hardwareArguments, type HardwareDecoder } from './hardware-decode.js';
import { JpegSplitter, type JpegPicture } from './jpeg-splitter.js';
import { LumaSplitter, type LumaPlane, type PlaneSize } from './luma-plane.js';
import { decodedPixelsMax } from './media-input.js';
import { PictureSchedule } from './picture-schedule.js';
import { fileMemoryBytesMax } from './process-limits.js';
import { turnedSize, turningFilters, type Rotation } from './turn-pictures.js';
import type { UnitCodec } from './unit-splitter.js';
import type { Unit } from './unit-timeline.js';

/** One picture of a camera, with the unit that it was decoded from. */
export interface DecodedUnit {
  readonly picture: JpegPicture;
  readonly luma: LumaPlane;
  readonly unit: UnitTimes;
}

/** When a unit was there. */
export type UnitTimes = Pick<Unit, 'sequence' | 'ptsMs' | 'arrivedUnixMs' | 'arrivedMonotonicMs' | 'isKey'>;

export interface UnitDecoderOptions {
  ffmpeg: FfmpegBinary;
  codec: UnitCodec;
  hardware?: HardwareDecoder | undefined;
  /**
   * Whether units are shown in another order than they come (B-frames). Where they are not, each picture comes out at once; a
   * decoder that was told so of a stream where they are gives them wrong times.
   */
  reorders: boolean;
  /** At most so many pictures a second of what is fed come out. */
  picturesPerSecond: number;
  /** Wider pictures are scaled down to this many pixels. */
  pictureWidthMax?: number;
  planeSize?: PlaneSize;
  /** Pictures and planes are turned by it after they were scaled; default 0. */
  rotation?: Rotation | undefined;
  signal: AbortSignal;
  /** Called for each picture, in the order in which they are shown. It must not wait. */
  onPicture: (picture: DecodedUnit) => void;
}

const pictureWidthMaxDefault = 1_280;
const planeSizeDefault: PlaneSize = { width: 160, height: 90 };
/** Units that wait for the decoder beyond this: it is too slow, and gets no more until it has caught up. */
const waitingBytesMax = 24 * 1024 * 1024;
/** Units wait for the one that makes a picture; what is large is decoded meanwhile, so that the picture need not wait for all of it. */
const heldBytesMax = 64 * 1024;
/** Units that were fed and whose picture may still come: more than a long group of pictures, and a few seconds behind it. */
const timesKeptMax = 2_048;
const ticksPerMs = 90;
/** Ten seconds that are not shown last 0.1 s on the decoder's clock. */
const hiddenPace = 0.01;
const jpegQuality = '4';
/** Tables made for each picture would make it a seventh smaller, for a third more of the encoder's time. */
const jpegTables = 'default';

/**
 * A decoder that is fed unit by unit: key frames alone, or everything from a key frame on, as its owner decides from unit to unit
 * without a new process. The units go in as IVF, which has a length and a time for each, so the last one that was fed is decoded too.
 * A stream with B-frames shows a picture only when a few more units follow. Units that make no picture wait for the one that does
 * (`PictureSchedule`): the picture comes no later for it, and FFmpeg is woken twice a second instead of for each unit.
 */
export class UnitDecoder {
  /** So many units follow a unit before its picture comes out when units are reordered. */
  static readonly reorderedUnits = 4;
  /** Settles when the decoder is gone, whoever ended it. Never rejects, except when FFmpeg can't be started. */
  readonly exited: Promise<FfmpegExit>;
  /** Pictures that came out. */
  pictures = 0;
  private readonly process: FfmpegProcess;
  private readonly schedule: PictureSchedule;
  /** What FFmpeg did not get yet: headers and units. */
  private held: Buffer[] = [];
  private heldBytes = 0;
  private readonly times = new Map<number, UnitTimes>();
  private readonly ready: { pictures: JpegPicture[]; planes: LumaPlane[]; ticks: number[] } = { pictures: [], planes: [], ticks: [] };
  private newestShownTick = 0;
  private hiddenFrom: { tick: number; ptsMs: number } | undefined;

  constructor(private readonly options: UnitDecoderOptions) {
    const { picturesPerSecond, reorders } = options;
    const unitsBehind = reorders ? UnitDecoder.reorderedUnits : 0;
    this.schedule = new PictureSchedule({ picturesPerSecond, ticksPerSecond: ticksPerMs * 1_000, unitsBehind });
    this.process = FfmpegProcess.start({
      ffmpeg: options.ffmpeg,
      arguments: decoderArguments(options, this.schedule),
      withStdin: true,
      extraPipes: 2,
      signal: options.signal,
      limits: { memoryBytes: fileMemoryBytesMax },
    });
    this.exited = this.process.exited;
    const jpegs = new JpegSplitter();
    const planes = new LumaSplitter(turnedSize(options.planeSize ?? planeSizeDefault, options.rotation ?? 0));
    const stamps = new StampReader();
    this.listen(0, (chunk) => this.ready.pictures.push(...jpegs.push(chunk)));
    this.listen(1, (chunk) => this.ready.planes.push(...planes.push(chunk)));
    this.listen(2, (chunk) => this.ready.ticks.push(...stamps.push(chunk)));
    this.process.stdin?.write(ivfHeader(options.codec));
  }

  /**
   * Decodes a unit. `shown` false: later ones need it, but nobody wants its picture (one may come
   * out if it was due); all of them are before those that are shown.
   * @returns false when too much waits already: the unit was not taken, and only a key frame may follow
   */
  feed(unit: Unit, { shown }: { shown: boolean }): boolean {
    const { stdin } = this.process;
    if (!stdin?.writable || stdin.writableLength > waitingBytesMax) return false;
    const tick = this.tickOf(unit.ptsMs, shown);
    const { sequence, ptsMs, arrivedUnixMs, arrivedMonotonicMs, isKey } = unit;
    this.times.set(tick, { sequence, ptsMs, arrivedUnixMs, arrivedMonotonicMs, isKey });
    this.forgetOldTimes();
    const header = Buffer.alloc(12);
    header.writeUInt32LE(unit.bytes.length, 0);
    header.writeBigUInt64LE(BigInt(tick), 4);
    this.held.push(header, unit.bytes);
    this.heldBytes += header.length + unit.bytes.length;
    if (this.schedule.take(tick) || this.heldBytes > heldBytesMax) this.release(stdin);
    return true;
  }

  /** The time of the next unit that makes a picture, as `Unit.ptsMs`; undefined: each may be the one. */
  get pictureDueMs(): number | undefined {
    const { nextTick } = this.schedule;
    return nextTick === undefined ? undefined : nextTick / ticksPerMs;
  }

  /** Ends FFmpeg. Safe to call twice. */
  async stop(): Promise<void> {
    await this.process.stop();
  }

  private release(stdin: Writable): void {
    const { held } = this;
    this.held = [];
    this.heldBytes = 0;
    stdin.cork();
    for (const part of held) stdin.write(part);
    stdin.uncork();
  }

  /** What is not shown is pressed together behind the newest time that was, where no picture is due; its order stays. */
  private tickOf(ptsMs: number, shown: boolean): number {
    if (shown) {
      this.hiddenFrom = undefined;
      const tick = Math.max(1, Math.round(ptsMs * ticksPerMs));
      this.newestShownTick = tick;
      return tick;
    }
    this.hiddenFrom ??= { tick: this.newestShownTick + 1, ptsMs };
    return Math.max(1, this.hiddenFrom.tick + Math.round((ptsMs - this.hiddenFrom.ptsMs) * ticksPerMs * hiddenPace));
  }

  private listen(index: number, take: (chunk: Buffer) => void): void {
    this.process.pipes[index]?.on('data', (chunk: Buffer) => {
      try {
        take(chunk);
        this.giveReady();
      } catch {
        // What comes out is no longer what was asked for: a new decoder is the way out.
        void this.process.stop();
      }
    });
  }

  private giveReady(): void {
    const { pictures, planes, ticks } = this.ready;
    while (pictures.length > 0 && planes.length > 0 && ticks.length > 0) {
      const [picture, luma, tick] = [pictures.shift(), planes.shift(), ticks.shift()];
      const unit = tick === undefined ? undefined : this.times.get(tick);
      this.pictures++;
      if (tick !== undefined) this.schedule.saw(tick);
      // A picture that FFmpeg made up for a lost one has no unit.
      if (picture && luma && unit) this.options.onPicture({ picture, luma, unit });
    }
  }

  private forgetOldTimes(): void {
    const [oldest] = this.times.keys();
    if (this.times.size > timesKeptMax && oldest !== undefined) this.times.delete(oldest);
  }
}

function decoderArguments(options: UnitDecoderOptions, schedule: PictureSchedule): string[] {
  const { codec, pictureWidthMax = pictureWidthMaxDefault, planeSize = planeSizeDefault } = options;
  const turn = turningFilters(options.rotation ?? 0);
  const graph = [
    `[0:v]select='${schedule.expression}',split=2[shown][measured]`,
    `[shown]scale=w='min(${pictureWidthMax},iw)':h=-2:flags=bilinear,format=yuvj420p${turn}[picture]`,
    `[measured]scale=w=${planeSize.width}:h=${planeSize.height}:flags=area,format=gray${turn},split=2[luma][stamped]`,
  ].join(';');
  const output = [...passthrough(options.ffmpeg), '-enc_time_base', `1:${ticksPerMs * 1_000}`, '-threads', '1', '-flush_packets', '1'];
  return [
    ...['-threads', '1', '-max_pixels', String(decodedPixelsMax), '-protocol_whitelist', 'pipe'],
    ...(options.reorders ? [] : ['-flags', 'low_delay']),
    ...['-fpsprobesize', '0', '-analyzeduration', '0', '-probesize', '32', '-copyts'],
    ...(options.hardware ? hardwareArguments(options.hardware, codec) : ['-c:v', codec]),
    ...['-f', 'ivf', '-i', 'pipe:0', '-filter_complex_threads', '1', '-filter_complex', graph],
    ...['-map', '[picture]', '-c:v', 'mjpeg', '-q:v', jpegQuality, '-huffman', jpegTables, ...output, '-f', 'mjpeg', 'pipe:1'],
    ...['-map', '[luma]', '-c:v', 'rawvideo', ...output, '-f', 'rawvideo', 'pipe:3'],
    // The other two outputs carry no times.
    ...['-map', '[stamped]', '-c:v', 'rawvideo', ...output, '-f', 'framecrc', 'pipe:4'],
  ];
}

/** Every frame once, as it comes; the option was renamed with 5.1. */
function passthrough({ version }: FfmpegBinary): string[] {
  const [, major, minor] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  const isOld = major !== undefined && (Number(major) < 5 || (Number(major) === 5 && Number(minor) < 1));
  return [isOld ? '-vsync' : '-fps_mode', 'passthrough'];
}

const fourCcs: Readonly<Record<UnitCodec, string>> = { h264: 'H264', hevc: 'HEVC' };

function ivfHeader(codec: UnitCodec): Buffer {
  const header = Buffer.alloc(32);
  header.write('DKIF', 0, 'latin1');
  header.writeUInt16LE(header.length, 6);
  header.write(fourCcs[codec], 8, 'latin1');
  header.writeUInt32LE(ticksPerMs * 1_000, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

const stampBytesMax = 4_096;

/** Reads the presentation times out of the lines of FFmpeg's `framecrc`: `stream, dts, pts, duration, size, checksum`. */
class StampReader {
  private rest = '';

  push(chunk: Buffer): number[] {
    const lines = (this.rest + chunk.toString('latin1')).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > stampBytesMax) throw new AppError('internal', 'a line of the decoder has no end');
    return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => Number(line.split(',')[2]));
  }
}
