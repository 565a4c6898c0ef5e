import { AppError } from '@nightjar/runtime';
import { BitReader } from './bit-reader.js';

/** What a player has to know of pictures before the first one. */
export interface PictureFormat {
  width: number;
  height: number;
  /** 0 without colour, 1 for 4:2:0, 2 for 4:2:2, 3 for 4:4:4. */
  chromaFormat: number;
  lumaBits: number;
  chromaBits: number;
}

/** Larger than 8K is no camera. */
const sideMax = 16_384;
const macroblock = 16;
/** Profiles of H.264 whose parameter sets say more (7.3.2.1.1). */
const highProfiles: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/**
 * Reads a sequence parameter set of H.264 (ITU-T H.264, 7.3.2.1.1), header included.
 * @throws AppError `unprocessable`
 */
export function readH264Format(nal: Buffer): PictureFormat {
  const reader = new BitReader(nal.subarray(1));
  const profile = reader.bits(8);
  reader.skip(16);
  reader.unsigned();
  const depth = highProfiles.has(profile) ? readHighProfile(reader) : { chromaFormat: 1, lumaBits: 8, chromaBits: 8 };
  reader.unsigned();
  skipPictureOrder(reader);
  reader.unsigned();
  reader.skip(1);
  const [columns, rows] = [reader.unsigned() + 1, reader.unsigned() + 1];
  const fields = reader.flag() ? 1 : 2;
  if (fields === 2) reader.skip(1);
  reader.skip(1);
  const crop = readWindow(reader);
  const unit = { x: hasHalfWidth(depth.chromaFormat) ? 2 : 1, y: (hasHalfHeight(depth.chromaFormat) ? 2 : 1) * fields };
  return checked({
    width: columns * macroblock - crop.x * unit.x,
    height: rows * macroblock * fields - crop.y * unit.y,
    ...depth,
  });
}

/**
 * Reads a sequence parameter set of H.265 (ITU-T H.265, 7.3.2.2.1), header included.
 * @throws AppError `unprocessable`
 */
export function readHevcFormat(nal: Buffer): PictureFormat {
  const reader = new BitReader(nal.subarray(2));
  reader.skip(4);
  const subLayers = reader.bits(3);
  reader.skip(1);
  skipProfiles(reader, subLayers);
  reader.unsigned();
  const chromaFormat = reader.unsigned();
  if (chromaFormat === 3) reader.skip(1);
  const [width, height] = [reader.unsigned(), reader.unsigned()];
  const crop = readWindow(reader);
  const [lumaBits, chromaBits] = [8 + reader.unsigned(), 8 + reader.unsigned()];
  return checked({
    width: width - crop.x * (hasHalfWidth(chromaFormat) ? 2 : 1),
    height: height - crop.y * (hasHalfHeight(chromaFormat) ? 2 : 1),
    ...{ chromaFormat, lumaBits, chromaBits },
  });
}

function checked(format: PictureFormat): PictureFormat {
  const { chromaBits, chromaFormat, height, lumaBits, width } = format;
  const isSound =
    width > 0 && width <= sideMax && height > 0 && height <= sideMax && chromaFormat <= 3 && lumaBits <= 15 && chromaBits <= 15;
  if (!isSound) throw new AppError('unprocessable', 'the camera names a picture size that none has');
  return format;
}

const hasHalfWidth = (chromaFormat: number) => chromaFormat === 1 || chromaFormat === 2;
const hasHalfHeight = (chromaFormat: number) => chromaFormat === 1;

function readHighProfile(reader: BitReader): Pick<PictureFormat, 'chromaFormat' | 'lumaBits' | 'chromaBits'> {
  const chromaFormat = reader.unsigned();
  if (chromaFormat === 3) reader.skip(1);
  const [lumaBits, chromaBits] = [8 + reader.unsigned(), 8 + reader.unsigned()];
  reader.skip(1);
  const lists = reader.flag() ? (chromaFormat === 3 ? 12 : 8) : 0;
  for (let list = 0; list < lists; list++) if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
  return { chromaFormat, lumaBits, chromaBits };
}

/** 7.3.2.1.1.1: a factor of 0 says that the rest is as the last one. */
function skipScalingList(reader: BitReader, factors: number): void {
  let factor = 8;
  for (let index = 0; index < factors && factor !== 0; index++) factor = (factor + reader.signed() + 256) % 256;
}

function skipPictureOrder(reader: BitReader): void {
  const kind = reader.unsigned();
  if (kind === 0) reader.unsigned();
  if (kind !== 1) return;
  reader.skip(1);
  reader.signed();
  reader.signed();
  for (let left = Math.min(reader.unsigned(), 255); left > 0; left--) reader.signed();
}

/** What is cut off at the sides and at top and bottom, in units of the chroma format. */
function readWindow(reader: BitReader): { x: number; y: number } {
  if (!reader.flag()) return { x: 0, y: 0 };
  const [left, right, top, bottom] = [reader.unsigned(), reader.unsigned(), reader.unsigned(), reader.unsigned()];
  return { x: left + right, y: top + bottom };
}

/** `profile_tier_level` (7.3.3): 12 bytes, then what sub-layers say of themselves. */
function skipProfiles(reader: BitReader, subLayers: number): void {
  reader.skip(96);
  const told = Array.from({ length: subLayers }, () => ({ profile: reader.flag(), level: reader.flag() }));
  if (subLayers > 0) reader.skip((8 - subLayers) * 2);
  for (const { level, profile } of told) reader.skip((profile ? 88 : 0) + (level ? 8 : 0));
}
