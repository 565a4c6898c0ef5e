/** What the chunks of a PNG say. */
interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bytes that a decoder must hold at once: all pixels where the rows are interlaced, else next to nothing. */
  readonly heldBytes: number;
  /** Bytes of text, as they are packed. Decoders unpack all of it, and keep it. */
  readonly packedTextBytes: number;
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const headerBytes = 13;
/** Length, type and checksum. */
const chunkFrameBytes = 12;
/** Samples of a decoded pixel by colour type, with the transparency that a later chunk may add. */
const samplesByColourType: Readonly<Record<number, number>> = { 0: 2, 2: 4, 3: 4, 4: 2, 6: 4 };

/** 32 MiB of pixels in pieces of 8 KiB are a sixteenth of it. */
const chunksMax = 65_536;

/**
 * PNG (RFC 2083): the signature, then the IHDR chunk with width, height and whether the rows are interlaced; then a walk over the
 * other chunks, without looking into them.
 * @returns undefined when the first chunk is another or breaks off, or when there are too many; a later one that breaks off is
 *   found by the decoder
 */
export function readPngHeader(bytes: Buffer): PngHeader | 'other format' | undefined {
  if (!bytes.subarray(0, 8).equals(signature)) return 'other format';
  if (bytes.length < 29 || bytes.readUInt32BE(8) !== headerBytes || chunkType(bytes, 8) !== 'IHDR') return undefined;
  const packedTextBytes = sumPackedText(bytes);
  if (packedTextBytes === undefined) return undefined;
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  const bytesPerPixel = (samplesByColourType[bytes[25]!] ?? 4) * (bytes[24] === 16 ? 2 : 1);
  const isInterlaced = bytes[28] !== 0;
  return { width, height, heldBytes: isInterlaced ? width * height * bytesPerPixel : 0, packedTextBytes };
}

function sumPackedText(bytes: Buffer): number | undefined {
  let sum = 0;
  let offset = 8;
  for (let chunk = 0; chunk < chunksMax; chunk++) {
    if (offset + chunkFrameBytes > bytes.length) return sum;
    const length = bytes.readUInt32BE(offset);
    const type = chunkType(bytes, offset);
    if (type === 'zTXt' || (type === 'iTXt' && isPacked(bytes.subarray(offset + 8, offset + 8 + length)))) sum += length;
    offset += chunkFrameBytes + length;
  }
  return undefined;
}

const chunkType = (bytes: Buffer, offset: number) => bytes.toString('latin1', offset + 4, offset + 8);

/** iTXt: a keyword, a zero, then whether the text is packed. */
function isPacked(content: Buffer): boolean {
  const keywordEnd = content.indexOf(0);
  return keywordEnd === -1 || content[keywordEnd + 1] !== 0;
}
