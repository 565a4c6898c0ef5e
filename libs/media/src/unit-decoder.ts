import type { Writable } from 'node:stream';
import { AppError } from '@nightjar/runtime';
import { FfmpegProcess, type FfmpegExit } from './ffmpeg-process.js';
import type { FfmpegBinary } from './find-ffmpeg.js';
import { hardwareArguments, type HardwareDecoder } from './hardware-decode.js';
import { jpegOf, type JpegPicture } from './jpeg-splitter.js';
import type { LumaPlane, PlaneSize } from './luma-plane.js';
import { decodingBounds } from './media-input.js';
import { NutSplitter, type NutFrame } from './nut-splitter.js';
import { PictureSchedule } from './picture-schedule.js';
import { unitDecoderLimits } from './process-limits.js';
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
type UnitTimes = Pick<Unit, 'sequence' | 'ptsMs' | 'arrivedUnixMs' | 'arrivedMonotonicMs' | 'isKey'>;

interface UnitDecoderOptions {
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
/** Pictures and planes that wait for each other: FFmpeg writes them one after the other. */
const halvesMax = 16;
const ticksPerMs = 90;
/** Ten seconds that are not shown last 0.1 s on the decoder's clock. */
const hiddenPace = 0.01;
const jpegQuality = '4';
/** Tables made for each picture would make it a seventh smaller, for a third more of the encoder's time. */
const jpegTables = 'default';
/**
 * JPEGs have all 256 levels, video has 219 (brightness) and 224 (colour) of them, unless the camera says otherwise, which is `yuvj420p`: there
 * `lutyuv` changes nothing. FFmpeg's scaler does the same in three times the time of a table. What hardware decoded has one name for
 * both ranges and goes through the scaler.
 */
const fullRangeByTable = [
  'format=yuv420p|yuvj420p',
  `lutyuv=y='(val-minval)*255/(maxval-minval)+0.5':u='(val-128)*255/(maxval-minval)+128.5':v='(val-128)*255/(maxval-minval)+128.5'`,
  'setparams=range=pc',
].join(',');
const fullRangeByScaler = 'format=yuvj420p';
/**
 * Streams of FFmpeg's one output, in the order in which they are mapped. A muxer holds a packet back until every stream has one that is
 * not earlier, which would be half a second; what lies ahead of all others by more than `max_interleave_delta` pushes them out at once.
 */
const outputs = { picture: 0, luma: 1, pusher: 2 } as const;
const pusherAheadSeconds = 1_000;

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
  private readonly planeSize: PlaneSize;
  /** By time: pictures whose plane has not come yet, and planes without their picture. */
  private readonly halves = new Map<number, { picture?: JpegPicture; luma?: LumaPlane }>();
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
      signal: options.signal,
      limits: unitDecoderLimits(options.hardware),
    });
    this.exited = this.process.exited;
    this.planeSize = turnedSize(options.planeSize ?? planeSizeDefault, options.rotation ?? 0);
    this.listen(new NutSplitter());
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

  /** In one piece: to write it in twenty takes as long as to read it from the camera. */
  private release(stdin: Writable): void {
    const { held, heldBytes } = this;
    this.held = [];
    this.heldBytes = 0;
    stdin.write(Buffer.concat(held, heldBytes));
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

  private listen(splitter: NutSplitter): void {
    this.process.pipes[0]?.on('data', (chunk: Buffer) => {
      try {
        for (const frame of splitter.push(chunk)) this.takeHalf(frame);
      } catch {
        // What comes out is no longer what was asked for: a new decoder is the way out.
        void this.process.stop();
      }
    });
  }

  private takeHalf({ bytes, ptsSeconds, stream }: NutFrame): void {
    if (stream === outputs.pusher) return;
    const tick = Math.round(ptsSeconds * 1_000 * ticksPerMs);
    const half = this.halves.get(tick) ?? {};
    // Copies: a view would keep the whole chunk alive as long as the picture.
    if (stream === outputs.picture) half.picture = jpegOf(Buffer.from(bytes));
    else half.luma = lumaOf(bytes, this.planeSize);
    const { luma, picture } = half;
    if (picture && luma) {
      this.halves.delete(tick);
      this.give(tick, { picture, luma });
      return;
    }
    this.halves.set(tick, half);
    // One that lost its other half.
    const [oldest] = this.halves.keys();
    if (this.halves.size > halvesMax && oldest !== undefined) this.halves.delete(oldest);
  }

  private give(tick: number, whole: { picture: JpegPicture; luma: LumaPlane }): void {
    this.pictures++;
    this.schedule.saw(tick);
    const unit = this.times.get(tick);
    // A picture that FFmpeg made up for a lost one has no unit.
    if (unit) this.options.onPicture({ ...whole, unit });
  }

  private forgetOldTimes(): void {
    const [oldest] = this.times.keys();
    if (this.times.size > timesKeptMax && oldest !== undefined) this.times.delete(oldest);
  }
}

function decoderArguments(options: UnitDecoderOptions, schedule: PictureSchedule): string[] {
  const { codec, pictureWidthMax = pictureWidthMaxDefault, planeSize = planeSizeDefault } = options;
  const turn = turningFilters(options.rotation ?? 0);
  const fullRange = options.hardware ? fullRangeByScaler : fullRangeByTable;
  const graph = [
    `[0:v]select='${schedule.expression}',split=2[shown][measured]`,
    `[shown]scale=w='min(${pictureWidthMax},iw)':h=-2:flags=bilinear,${fullRange}${turn}[picture]`,
    `[measured]scale=w=${planeSize.width}:h=${planeSize.height}:flags=area,format=gray${turn},split=2[luma][copy]`,
    `[copy]crop=2:2:0:0,setpts=PTS+${pusherAheadSeconds}/TB[pusher]`,
  ].join(';');
  return [
    ...[...decodingBounds, '-protocol_whitelist', 'pipe'],
    ...(options.reorders ? [] : ['-flags', 'low_delay']),
    ...['-fpsprobesize', '0', '-analyzeduration', '0', '-probesize', '32', '-copyts'],
    ...(options.hardware ? hardwareArguments(options.hardware, codec) : ['-c:v', codec]),
    ...['-f', 'ivf', '-i', 'pipe:0', '-filter_complex_threads', '1', '-filter_complex', graph],
    ...Object.keys(outputs).flatMap((name) => ['-map', `[${name}]`]),
    ...['-c:v', 'rawvideo', `-c:v:${outputs.picture}`, 'mjpeg', '-q:v', jpegQuality, '-huffman', jpegTables],
    // The range that the filters name does not reach the encoder of FFmpeg 4; newer ones want to be told that `yuv420p` is meant.
    ...[`-color_range:v:${outputs.picture}`, 'pc', `-strict:v:${outputs.picture}`, 'unofficial'],
    ...[...passthrough(options.ffmpeg), '-enc_time_base', `1:${ticksPerMs * 1_000}`, '-threads', '1'],
    ...['-max_interleave_delta', '1', '-write_index', '0', '-flush_packets', '1', '-f', 'nut', 'pipe:1'],
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

function lumaOf(bytes: Buffer, size: PlaneSize): LumaPlane {
  if (bytes.length !== size.width * size.height) throw new AppError('internal', 'a plane of the decoder has another size');
  return { ...size, pixels: new Uint8Array(bytes) };
}
