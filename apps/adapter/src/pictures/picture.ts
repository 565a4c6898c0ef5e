import { AppError } from '@nightjar/runtime/app-error';
import sharp, { type Sharp } from 'sharp';
import { pixelLtwh, type BoxXyxy, type PictureSize } from '@nightjar/geometry';
import { maxPicturePixels } from '../engine/protocol.js';
import { plainJpegSize } from './plain-jpeg-size.js';

// One picture at a time in this process: more threads would fight with the model's, and a cache would never be hit.
sharp.concurrency(1);
sharp.cache(false);

/** Interleaved 8-bit RGB pixels, row by row. */
export interface PixelBuffer {
  readonly data: Uint8Array;
  readonly widthPixels: number;
  readonly heightPixels: number;
}

export interface PixelSize {
  readonly widthPixels: number;
  readonly heightPixels: number;
}

/** Where a letterboxed picture lies on its canvas: `canvas = picture * scale + offset`. */
interface Letterbox {
  readonly pixels: PixelBuffer;
  readonly scale: number;
  readonly leftPixels: number;
  readonly topPixels: number;
}

/**
 * One compressed picture (JPEG, PNG, WebP) and the views of it that models ask for. A picture with an EXIF orientation is turned
 * upright first, as every viewer shows it; all sizes and boxes are of the upright picture. Every method throws AppError
 * `invalid_argument` when the bytes are no picture or a damaged one.
 */
export class Picture {
  private decodeCount = 0;
  private decodeMs = 0;
  private upright: Promise<PictureSize> | undefined;
  private kept: Promise<PixelBuffer> | undefined;
  private lastStretch: PixelBuffer | undefined;

  constructor(private readonly bytes: Uint8Array) {}

  /** How often the compressed bytes were decoded. */
  get decodes(): number {
    return this.decodeCount;
  }

  /** Time spent on decoding and resizing so far. */
  get spentMs(): number {
    return this.decodeMs;
  }

  get compressed(): Uint8Array {
    return this.bytes;
  }

  /** From now on all views are made from one full decode. For work that looks at the picture more than once. */
  keepPixels(): void {
    this.kept ??= this.decodeFully();
    // Whoever asks for a view hears of the failure.
    this.kept.catch(() => undefined);
  }

  size(): Promise<PictureSize> {
    this.upright ??= this.readSize();
    return this.upright;
  }

  /** All pixels at full size. */
  pixels(): Promise<PixelBuffer> {
    this.keepPixels();
    return this.kept!;
  }

  /** The whole picture stretched to a size. JPEGs that were not decoded yet are shrunk while they are, which saves half of it. */
  async stretch(target: PixelSize): Promise<PixelBuffer> {
    return this.timed(async () => {
      const source = await this.source();
      const data = await toRgb(source.resize(target.widthPixels, target.heightPixels, { fit: 'fill', kernel: 'linear' }));
      this.lastStretch = { data, ...target };
      return this.lastStretch;
    });
  }

  /** The whole picture fitted into a canvas, its sides filled with one grey. */
  async letterbox(target: PixelSize & { fill: number; align: 'centre' | 'top-left' }): Promise<Letterbox> {
    const { widthPixels, heightPixels, fill, align } = target;
    const { width, height } = await this.size();
    const scale = Math.min(widthPixels / width, heightPixels / height);
    const inner = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
    const centred = align === 'centre';
    const leftPixels = centred ? Math.floor((widthPixels - inner.width) / 2) : 0;
    const topPixels = centred ? Math.floor((heightPixels - inner.height) / 2) : 0;
    const data = await this.timed(async () => {
      const resized = (await this.source()).resize(inner.width, inner.height, { fit: 'fill', kernel: 'linear' });
      const padded = resized.extend({
        left: leftPixels,
        top: topPixels,
        right: widthPixels - inner.width - leftPixels,
        bottom: heightPixels - inner.height - topPixels,
        background: { r: fill, g: fill, b: fill },
      });
      return toRgb(padded);
    });
    return { pixels: { data, widthPixels, heightPixels }, scale, leftPixels, topPixels };
  }

  /**
   * A part of the picture as a picture of its own, in its own pixels. The whole is decoded once, whatever number of parts.
   * @throws AppError `invalid_argument` when nothing of the box lies inside the picture
   */
  async part(box: BoxXyxy): Promise<Picture> {
    const whole = await this.pixels();
    const [left, top, width, height] = pixelLtwh(box, { width: whole.widthPixels, height: whole.heightPixels });
    if (width < 1 || height < 1) throw new AppError('invalid_argument', 'the region lies outside the picture');
    const part = new Picture(this.bytes);
    part.upright = Promise.resolve({ width, height });
    part.kept = this.timed(async () => {
      const data = await ofPixels(whole).extract({ left, top, width, height }).raw().toBuffer();
      return { data, widthPixels: width, heightPixels: height };
    });
    // As in `keepPixels`.
    part.kept.catch(() => undefined);
    return part;
  }

  /** A part of the picture, resized; what the box has outside the picture is black. */
  async crop(box: BoxXyxy, target: PixelSize): Promise<PixelBuffer> {
    const whole = await this.pixels();
    return this.timed(() => cropPixels(whole, box, target));
  }

  /** The whole picture as grey values. From a larger view that was made already, if there is one: that spares a decode. */
  async luma(target: PixelSize): Promise<Uint8Array> {
    return this.timed(async () => {
      const { lastStretch } = this;
      const isEnough = lastStretch && lastStretch.widthPixels >= target.widthPixels && lastStretch.heightPixels >= target.heightPixels;
      const source = isEnough ? ofPixels(lastStretch) : await this.source();
      const resized = source.resize(target.widthPixels, target.heightPixels, { fit: 'fill', kernel: 'linear' });
      return resized.removeAlpha().greyscale().toColourspace('b-w').raw().toBuffer();
    });
  }

  /** Kept pixels where there are some, else the compressed bytes, to be decoded while they are resized. */
  private async source(): Promise<Sharp> {
    if (this.kept) return ofPixels(await this.kept);
    await this.size();
    this.decodeCount++;
    return open(this.bytes).autoOrient();
  }

  private decodeFully(): Promise<PixelBuffer> {
    return this.timed(async () => {
      this.decodeCount++;
      const source = open(this.bytes).autoOrient().toColourspace('srgb').removeAlpha().raw();
      const { data, info } = await source.toBuffer({ resolveWithObject: true });
      this.upright = Promise.resolve({ width: info.width, height: info.height });
      return { data, widthPixels: info.width, heightPixels: info.height };
    });
  }

  private readSize(): Promise<PictureSize> {
    const plain = plainJpegSize(this.bytes);
    if (plain) return Promise.resolve(plain);
    return this.timed(async () => {
      const { autoOrient } = await open(this.bytes).metadata();
      return { width: autoOrient.width, height: autoOrient.height };
    });
  }

  private async timed<T>(work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('invalid_argument', 'Invalid image: it cannot be decoded', { cause });
    } finally {
      this.decodeMs += performance.now() - startedMs;
    }
  }
}

function open(bytes: Uint8Array): Sharp {
  return sharp(bytes, { limitInputPixels: maxPicturePixels, failOn: 'error', sequentialRead: true, pages: 1 });
}

function ofPixels({ data, widthPixels, heightPixels }: PixelBuffer): Sharp {
  return sharp(data, { raw: { width: widthPixels, height: heightPixels, channels: 3 } });
}

function toRgb(source: Sharp): Promise<Uint8Array> {
  return source.toColourspace('srgb').removeAlpha().raw().toBuffer();
}

/** @throws AppError `invalid_argument` for a box without area */
async function cropPixels(whole: PixelBuffer, box: BoxXyxy, target: PixelSize): Promise<PixelBuffer> {
  const x1 = Math.round(box.x1);
  const y1 = Math.round(box.y1);
  const width = Math.round(box.x2) - x1;
  const height = Math.round(box.y2) - y1;
  if (width < 1 || height < 1) throw new AppError('invalid_argument', 'the box has no area');
  const inside = {
    left: Math.min(Math.max(x1, 0), whole.widthPixels),
    top: Math.min(Math.max(y1, 0), whole.heightPixels),
    right: Math.max(Math.min(x1 + width, whole.widthPixels), 0),
    bottom: Math.max(Math.min(y1 + height, whole.heightPixels), 0),
  };
  if (inside.right <= inside.left || inside.bottom <= inside.top) {
    return { data: new Uint8Array(target.widthPixels * target.heightPixels * 3), ...target };
  }
  const part = ofPixels(whole)
    .extract({ left: inside.left, top: inside.top, width: inside.right - inside.left, height: inside.bottom - inside.top })
    .extend({
      left: inside.left - x1,
      top: inside.top - y1,
      right: x1 + width - inside.right,
      bottom: y1 + height - inside.bottom,
      background: { r: 0, g: 0, b: 0 },
    });
  // Sharp resizes before it extends, whatever the order of the calls: two passes.
  const padded = await part.raw().toBuffer();
  const data = await toRgb(
    sharp(padded, { raw: { width, height, channels: 3 } }).resize(target.widthPixels, target.heightPixels, {
      fit: 'fill',
      kernel: 'linear',
    }),
  );
  return { data, ...target };
}
