import { AppError } from '@nightjar/runtime';
import { withoutEmulationPrevention } from './bit-reader.js';
import { readH264Format, readHevcFormat, type PictureFormat } from './read-picture-format.js';

export const videoTimescale = 90_000;

/** NAL units that a decoder needs before the first picture, without start codes. */
export interface ParameterSets {
  codec: 'h264' | 'hevc';
  /** H.265 only. */
  video: readonly Buffer[];
  sequence: readonly Buffer[];
  picture: readonly Buffer[];
}

/** NAL units of one kind that a description holds at most; cameras send one. */
const setsMax = 16;

/** Header, profile and level. */
const sequenceBytesMin = { h264: 4, hevc: 15 } as const;

/** A box of MP4: size, type, content (ISO/IEC 14496-12 §4.2). */
export function mp4Box(type: string, ...content: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(content.reduce((sum, { length }) => sum + length, header.length));
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, ...content]);
}

export function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, index * 4));
  return bytes;
}

const u16 = (...values: readonly number[]) => Buffer.from(values.flatMap((value) => [(value >> 8) & 0xff, value & 0xff]));
/** No rotation (§8.3.2). */
const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/**
 * The begin of a fragmented MP4 with one video track (ISO/IEC 14496-12 §8).
 * @throws AppError `unprocessable` for parameter sets that can't be read
 */
export function writeInitSegment(sets: ParameterSets): Buffer {
  const [sequence] = sets.sequence;
  if (!sequence || sequence.length < sequenceBytesMin[sets.codec])
    throw new AppError('unprocessable', 'a parameter set of the camera is cut off');
  const format = sets.codec === 'h264' ? readH264Format(sequence) : readHevcFormat(sequence);
  const { height, width } = format;
  const configuration = sets.codec === 'h264' ? avcC(sets, format) : hvcC(sets, format);
  const entry = mp4Box(
    sets.codec === 'h264' ? 'avc1' : 'hvc1',
    ...[u32(0), u16(0, 1), u32(0, 0, 0, 0), u16(width, height), u32(0x480000, 0x480000, 0), u16(1)],
    ...[Buffer.alloc(32), u16(24, 0xffff), configuration],
  );
  const samples = mp4Box(
    'stbl',
    ...[mp4Box('stsd', u32(0, 1), entry), mp4Box('stts', u32(0, 0)), mp4Box('stsc', u32(0, 0)), mp4Box('stsz', u32(0, 0, 0))],
    mp4Box('stco', u32(0, 0)),
  );
  const information = mp4Box(
    'minf',
    ...[mp4Box('vmhd', u32(1, 0, 0)), mp4Box('dinf', mp4Box('dref', u32(0, 1), mp4Box('url ', u32(1)))), samples],
  );
  const media = mp4Box(
    'mdia',
    // Undetermined language.
    mp4Box('mdhd', u32(0, 0, 0, videoTimescale, 0, 0x55c40000)),
    mp4Box('hdlr', u32(0, 0), Buffer.from('vide'), Buffer.alloc(12), Buffer.from('video\0')),
    information,
  );
  const header = mp4Box('tkhd', u32(3, 0, 0, 1, 0, 0, 0, 0, 0, 0), matrix, u32(width * 65_536, height * 65_536));
  const movie = mp4Box('mvhd', u32(0, 0, 0, 1_000, 0, 0x10000, 0x1000000, 0, 0), matrix, Buffer.alloc(24), u32(2));
  const extended = mp4Box('mvex', mp4Box('trex', u32(0, 1, 1, 0, 0, 0)));
  return Buffer.concat([
    mp4Box('ftyp', Buffer.from('iso5'), u32(512), Buffer.from('iso5iso6mp41')),
    mp4Box('moov', movie, mp4Box('trak', header, media), extended),
  ]);
}

const withLength = (nal: Buffer) => Buffer.concat([u16(nal.length), nal]);

/** ISO/IEC 14496-15 §5.3.3. */
function avcC({ picture, sequence }: ParameterSets, { chromaBits, chromaFormat, lumaBits }: PictureFormat): Buffer {
  const [profile = 0, compatibility = 0, level = 0] = sequence[0]?.subarray(1, 4) ?? [];
  const [sequences, pictures] = [sequence.slice(0, setsMax), picture.slice(0, setsMax)];
  const isHigh = ![66, 77, 88].includes(profile);
  return mp4Box(
    'avcC',
    Buffer.from([1, profile, compatibility, level, 0xff, 0xe0 | sequences.length]),
    ...sequences.map(withLength),
    Buffer.from([pictures.length]),
    ...pictures.map(withLength),
    Buffer.from(isHigh ? [0xfc | chromaFormat, 0xf8 | (lumaBits - 8), 0xf8 | (chromaBits - 8), 0] : []),
  );
}

/** ISO/IEC 14496-15 §8.3.3; profile, tier and level stand in the parameter set as they do here. */
function hvcC({ picture, sequence, video }: ParameterSets, { chromaBits, chromaFormat, lumaBits }: PictureFormat): Buffer {
  const plain = withoutEmulationPrevention(sequence[0] ?? Buffer.alloc(0));
  const layers = plain[2] ?? 0;
  const arrays = Object.entries({ 32: video, 33: sequence, 34: picture }).map(([type, nals]) => {
    const held = nals.slice(0, setsMax);
    return Buffer.concat([Buffer.from([0x80 | Number(type)]), u16(held.length), ...held.map(withLength)]);
  });
  return mp4Box(
    'hvcC',
    Buffer.from([1]),
    plain.subarray(3, 15),
    u16(0xf000),
    Buffer.from([0xfc, 0xfc | chromaFormat, 0xf8 | (lumaBits - 8), 0xf8 | (chromaBits - 8), 0, 0]),
    Buffer.from([((((layers >> 1) & 7) + 1) << 3) | ((layers & 1) << 2) | 3, arrays.length]),
    ...arrays,
  );
}
