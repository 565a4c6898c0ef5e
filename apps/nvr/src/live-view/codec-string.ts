import { contentOf, descendantOf, readBoxHeader, type Mp4Box } from '../recorder/mp4-boxes.js';

/** Fixed fields of a visual sample entry in front of its boxes (ISO/IEC 14496-12 §12.1.3). */
const sampleEntryBytes = 78;
const boxHeaderBytes = 8;
/** Version, flags and count of entries. */
const descriptionHeadBytes = 8;

/** The begin of a live stream, ready for players. */
export interface LiveInit {
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
  const description = sampleDescriptionOf(bytes);
  const entry = description?.subarray(descriptionHeadBytes);
  if (!entry || entry.length < boxHeaderBytes + sampleEntryBytes) return { bytes, codec: undefined };
  if (entry.toString('latin1', 4, 8) === 'hev1') entry.write('hvc1', 4, 'latin1');
  const type = entry.toString('latin1', 4, 8);
  const boxes = entry.subarray(boxHeaderBytes + sampleEntryBytes);
  return { bytes, codec: codecOf(type, boxes) };
}

function sampleDescriptionOf(bytes: Buffer): Buffer | undefined {
  for (let offset = 0; offset < bytes.length;) {
    const header = readBoxHeader(bytes, offset);
    if (!header) return undefined;
    const box: Mp4Box = { type: header.type, bytes: bytes.subarray(offset, offset + header.sizeBytes) };
    if (box.type === 'moov') return descendantOf(contentOf(box), ['trak', 'mdia', 'minf', 'stbl', 'stsd']);
    offset += header.sizeBytes;
  }
  return undefined;
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
