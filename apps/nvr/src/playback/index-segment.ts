import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { AppError } from '@nightjar/runtime';
import { childrenOf, contentOf, descendantOf, readBoxHeader, type Mp4Box } from '../mp4/mp4-boxes.js';
import { parseFragment, placeTimes, type PlacedTime } from '../mp4/parse-fragment.js';
import { labelForPlayers, parseInitSegment } from '../mp4/parse-init-segment.js';

/** One fragment of a recorded file (`moof` and `mdat`): where it stands, and when it is shown. Offsets are bytes of the file. */
export interface IndexedFragment {
  offset: number;
  endOffset: number;
  /** In ticks of the file's track since the file's begin. */
  startTicks: number;
  endTicks: number;
  startsWithKeyFrame: boolean;
  /** Where the numbers stand that change when the fragment gets into another file. */
  sequenceOffset: number;
  decodeTimeOffset: number;
  decodeTimeBytes: 4 | 8;
  /** Of the sound that belongs to it; its offset is that of the file too. */
  sound?: PlacedTime | undefined;
}

/** What is where in a recorded file. */
export interface SegmentIndex {
  /** `ftyp` and `moov`. */
  init: Buffer;
  /** Ticks a second. */
  timescale: number;
  /** Of the sound; undefined without. */
  soundTimescale?: number | undefined;
  /** Of the picture; 0 where it is not known. */
  width: number;
  height: number;
  /** The same for files that one decoder can read on through: their fragments fit behind each other's `init`. */
  format: string;
  fragments: IndexedFragment[];
}

/** A `moof` of a second and the head of its `mdat` fit: one read a fragment. */
const readAheadBytes = 4_096;
const mdatHeadBytes = 8;
/** Version, flags and the fields before width and height of a visual sample entry (ISO/IEC 14496-12 §12.1.3). */
const entryWidthOffset = 32;
const sampleEntryBytes = 86;

/**
 * Finds the fragments of a recorded file.
 * @param handle stays open
 * @param sizeBytes as far as the file is synced; more of it is not looked at
 * @throws AppError `unprocessable` when it is none of ours, the error of the disk
 */
export async function indexSegment(handle: FileHandle, sizeBytes: number): Promise<SegmentIndex> {
  const boxes = new BoxReader(handle, sizeBytes);
  const heads: Buffer[] = [];
  const fragments: IndexedFragment[] = [];
  let moov: Mp4Box | undefined;
  let pending: { moof: Mp4Box; offset: number } | undefined;
  for (let offset = 0; ;) {
    const box = await boxes.read(offset);
    if (!box) break;
    const endOffset = offset + box.sizeBytes;
    // Recordings of before have another label.
    const head = box.content?.type === 'moov' ? labelForPlayers(box.content) : box.content;
    if (head && !moov) heads.push(head.bytes);
    if (head?.type === 'moov') moov = head;
    if (box.content?.type === 'moof') pending = { moof: box.content, offset };
    if (box.type === 'mdat' && pending) {
      fragments.push(placeFragment(pending.moof, { offset: pending.offset, endOffset }));
      pending = undefined;
    }
    offset = endOffset;
  }
  if (!moov) throw new AppError('unprocessable', 'a recorded file has no begin');
  return { init: Buffer.concat(heads), ...describeTrack(moov), fragments };
}

/** Written out field by field: of an object that is spread and added to, V8 (11) keeps a shape for each, which is four times the object. */
function placeFragment(moof: Mp4Box, { offset, endOffset }: { offset: number; endOffset: number }): IndexedFragment {
  const { durationTicks, startTicks, startsWithKeyFrame } = parseFragment(moof);
  const sequence = descendantOf(contentOf(moof), ['mfhd']);
  if (!sequence) throw new AppError('unprocessable', 'a fragment has no times');
  const { sound, video } = placeTimes(moof);
  return {
    offset,
    endOffset,
    startTicks,
    endTicks: startTicks + durationTicks,
    startsWithKeyFrame,
    // Version and flags come first.
    sequenceOffset: offset + (sequence.byteOffset - moof.bytes.byteOffset) + 4,
    decodeTimeOffset: offset + video.offset,
    decodeTimeBytes: video.bytes,
    sound: sound && { ticks: sound.ticks, offset: offset + sound.offset, bytes: sound.bytes },
  };
}

function describeTrack(moov: Mp4Box): Pick<SegmentIndex, 'timescale' | 'soundTimescale' | 'width' | 'height' | 'format'> {
  const { codec, soundTimescale, timescale } = parseInitSegment(moov);
  const [description = Buffer.alloc(0), soundDescription] = childrenOf(contentOf(moov), 'trak').map(
    (track) => descendantOf(track, ['mdia', 'minf', 'stbl', 'stsd']) ?? Buffer.alloc(0),
  );
  const entry = description.subarray(8);
  const [width, height] =
    entry.length < sampleEntryBytes ? [0, 0] : [entry.readUInt16BE(entryWidthOffset), entry.readUInt16BE(entryWidthOffset + 2)];
  const decoders = createHash('sha256').update(decoderConfiguration(entry));
  if (soundDescription) decoders.update(soundConfiguration(soundDescription.subarray(8)));
  const format = [codec, `${width}x${height}`, timescale, soundTimescale, decoders.digest('base64url').slice(0, 16)];
  return { timescale, soundTimescale, width, height, format: format.filter((part) => part !== undefined).join(' ') };
}

/** The box that sets the decoder up; without it all of the entry, in which FFmpeg also writes bit rates. */
function decoderConfiguration(entry: Buffer): Buffer {
  if (entry.length < sampleEntryBytes) return entry;
  const boxes = entry.subarray(sampleEntryBytes);
  for (const type of ['avcC', 'hvcC', 'av1C', 'vpcC', 'esds']) {
    const found = descendantOf(boxes, [type]);
    if (found) return found;
  }
  return entry;
}

/** Type, channels and rate of the sound. FFmpeg also writes bit rates, which differ from file to file. */
function soundConfiguration(entry: Buffer): Buffer {
  return Buffer.concat([entry.subarray(4, 8), entry.subarray(24, 36)]);
}

/** Reads the boxes of a file that are not media, with one read for a `moof` and the head of what follows. */
class BoxReader {
  private held = Buffer.alloc(0);
  private heldFrom = 0;

  constructor(
    private readonly handle: FileHandle,
    private readonly sizeBytes: number,
  ) {}

  /** Undefined at the end of what is whole. */
  async read(offset: number): Promise<{ type: string; sizeBytes: number; content: Mp4Box | undefined } | undefined> {
    if (offset + mdatHeadBytes > this.sizeBytes) return undefined;
    const header = readBoxHeader(await this.bytes(offset, mdatHeadBytes));
    if (!header || offset + header.sizeBytes > this.sizeBytes) return undefined;
    if (header.type === 'mdat') return { ...header, content: undefined };
    const bytes = Buffer.from(await this.bytes(offset, header.sizeBytes));
    return bytes.length < header.sizeBytes ? undefined : { ...header, content: { type: header.type, bytes } };
  }

  private async bytes(offset: number, count: number): Promise<Buffer> {
    const from = offset - this.heldFrom;
    if (from < 0 || from + count > this.held.length) {
      const target = Buffer.alloc(Math.min(Math.max(count, readAheadBytes), this.sizeBytes - offset));
      const { bytesRead } = await this.handle.read(target, 0, target.length, offset);
      this.held = target.subarray(0, bytesRead);
      this.heldFrom = offset;
    }
    const start = offset - this.heldFrom;
    return this.held.subarray(start, start + count);
  }
}
