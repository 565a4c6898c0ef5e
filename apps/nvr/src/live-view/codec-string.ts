import { childrenOf, contentOf, descendantOf, readBoxHeader, type Mp4Box } from '../mp4/mp4-boxes.js';

/** Fixed fields of a visual sample entry in front of its boxes (ISO/IEC 14496-12 §12.1.3). */
const sampleEntryBytes = 78;
const boxHeaderBytes = 8;
/** Header and fixed fields of a sound's sample entry (§12.2.3). */
const soundEntryBytes = 36;
/** DecoderSpecificInfo (ISO/IEC 14496-1 §7.2.6.7). */
const decoderSpecificTag = Buffer.from([0x05, 0x80, 0x80, 0x80]);
/** Version, flags and count of entries. */
const descriptionHeadBytes = 8;

/** The begin of a live stream, ready for players. */
interface LiveInit {
  bytes: Buffer;
  /** The codec as browsers are asked about it (RFC 6381); undefined for one that is not known here. */
  codec: string | undefined;
}

/**
 * Names the codec of a stream's `ftyp` and `moov`. H.265 is labelled `hvc1`, which all players take, where FFmpeg writes `hev1`: the
 * parameter sets are in the begin either way.
 * @throws AppError `unprocessable` when it is no such begin
 */
export function describeInit(init: Buffer): LiveInit {
  const bytes = Buffer.from(init);
  const [description, soundDescription] = sampleDescriptionsOf(bytes);
  const entry = description?.subarray(descriptionHeadBytes);
  if (!entry || entry.length < boxHeaderBytes + sampleEntryBytes) return { bytes, codec: undefined };
  if (entry.toString('latin1', 4, 8) === 'hev1') entry.write('hvc1', 4, 'latin1');
  const type = entry.toString('latin1', 4, 8);
  const boxes = entry.subarray(boxHeaderBytes + sampleEntryBytes);
  const codec = codecOf(type, boxes);
  const sound = soundDescription && soundCodecOf(soundDescription.subarray(descriptionHeadBytes));
  return { bytes, codec: codec === undefined || sound === undefined ? codec : `${codec},${sound}` };
}

/** Of each track: video first, then sound where there is any. */
function sampleDescriptionsOf(bytes: Buffer): Buffer[] {
  for (let offset = 0; offset < bytes.length;) {
    const header = readBoxHeader(bytes, offset);
    if (!header) return [];
    const box: Mp4Box = { type: header.type, bytes: bytes.subarray(offset, offset + header.sizeBytes) };
    if (box.type === 'moov')
      return childrenOf(contentOf(box), 'trak').flatMap((track) => descendantOf(track, ['mdia', 'minf', 'stbl', 'stsd']) ?? []);
    offset += header.sizeBytes;
  }
  return [];
}

/** AAC is all that is recorded; which kind stands in the first bits of its configuration (ISO/IEC 14496-3 §1.6.2.1). */
function soundCodecOf(entry: Buffer): string | undefined {
  if (entry.toString('latin1', 4, 8) !== 'mp4a') return undefined;
  const configuration = descendantOf(entry.subarray(soundEntryBytes), ['esds']);
  const at = configuration?.indexOf(decoderSpecificTag) ?? -1;
  if (!configuration || at < 0) return 'mp4a.40.2';
  // Lengths of descriptors have one byte or, as FFmpeg writes them, four.
  let content = at + 1;
  while (((configuration[content] ?? 0) & 0x80) !== 0) content++;
  const objectType = (configuration[content + 1] ?? 0) >> 3;
  return `mp4a.40.${objectType === 0 ? 2 : objectType}`;
}

function codecOf(type: string, boxes: Buffer): string | undefined {
  if (type.startsWith('avc')) {
    const config = descendantOf(boxes, ['avcC']);
    return config && config.length >= 4 ? `${type}.${config.toString('hex', 1, 4)}` : undefined;
  }
  if (type === 'hvc1') {
    const config = descendantOf(boxes, ['hvcC']);
    return config && config.length >= 13 ? `hvc1.${hevcProfile(config)}` : undefined;
  }
  return undefined;
}

/** Profile, compatibility, tier and level, and the constraints (ISO/IEC 14496-15 Annex E.3). */
function hevcProfile(config: Buffer): string {
  const first = config[1] ?? 0;
  const space = ['', 'A', 'B', 'C'][first >> 6] ?? '';
  const tier = first & 0x20 ? 'H' : 'L';
  const compatibility = reverseBits(config.readUInt32BE(2)).toString(16);
  const constraints = [...config.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  return [`${space}${first & 0x1f}`, compatibility, `${tier}${config[12]}`, ...constraints.map((byte) => byte.toString(16))].join('.');
}

function reverseBits(value: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 32; bit++) if (value & (1 << bit)) reversed |= 1 << (31 - bit);
  return reversed >>> 0;
}
