/** What the segments before a JPEG's pixels say. */
interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** Bytes that a decoder must hold at once: all coefficients where they come in several scans, else next to nothing. */
  readonly heldBytes: number;
  /** How often the decoder goes over the whole picture. */
  readonly scans: number;
}

const startOfImage = 0xffd8;
const endOfImage = 0xd9;
const startOfScan = 0xda;
/** Frame headers are SOF0..SOF15 without DHT, JPG and DAC, which lie in the same range. */
const isFrameHeader = (marker: number) => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const progressiveFrames = [0xc2, 0xc6, 0xca, 0xce];
/** TEM and RST0..RST7 stand alone: no length follows. */
const standsAlone = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);

/** Segments and fill bytes that are walked over. Real pictures have dozens, with a profile and a preview in pieces hundreds. */
const stepsMax = 65_536;

/**
 * JPEG (ITU T.81): walks over the segments, without copying, until the first scan. Reads them as the decoder does, so that both
 * find the same frame header; what a decoder would skip as rubbish is damage here.
 * @returns undefined when the segments lead nowhere, break off before the frame header, or are too many
 */
export function readJpegHeader(bytes: Buffer): JpegHeader | 'other format' | undefined {
  if (bytes.length < 3 || bytes.readUInt16BE(0) !== startOfImage || bytes[2] !== 0xff) return 'other format';
  let frame: Frame | undefined;
  let offset = 2;
  for (let step = 0; step < stepsMax && offset + 4 <= bytes.length; step++) {
    const marker = bytes[offset + 1]!;
    if (bytes[offset] !== 0xff || marker === 0x00) return undefined;
    if (marker === 0xff) {
      // Any number of fill bytes may stand before a marker.
      offset++;
    } else if (standsAlone(marker)) {
      offset += 2;
    } else {
      const end = offset + 2 + bytes.readUInt16BE(offset + 2);
      if (marker === endOfImage || end < offset + 4 || end > bytes.length) return frame && withoutScan(frame);
      if (marker === startOfScan) return frame && describe(frame, bytes.subarray(offset));
      if (isFrameHeader(marker)) {
        // A second one is damage; a decoder says so too.
        if (frame) return undefined;
        frame = readFrame(bytes.subarray(offset, end), progressiveFrames.includes(marker));
        if (!frame) return undefined;
      }
      offset = end;
    }
  }
  return frame && offset + 4 > bytes.length ? withoutScan(frame) : undefined;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly progressive: boolean;
  readonly components: number;
  /** Coefficients per pixel: 3 in full colour, 1.5 where the colours have half the width and height. */
  readonly samplesPerPixel: number;
}

function readFrame(segment: Buffer, progressive: boolean): Frame | undefined {
  const components = segment[9] ?? 0;
  if (components === 0 || segment.length < 10 + 3 * components) return undefined;
  const factors = Array.from({ length: components }, (_, index) => segment[11 + 3 * index]!);
  const across = factors.map((factor) => factor >> 4);
  const down = factors.map((factor) => factor & 0x0f);
  if (factors.some((_, index) => across[index] === 0 || down[index] === 0)) return undefined;
  const samples = factors.reduce((sum, _, index) => sum + across[index]! * down[index]!, 0);
  const samplesPerPixel = samples / (Math.max(...across) * Math.max(...down));
  return { height: segment.readUInt16BE(5), width: segment.readUInt16BE(7), progressive, components, samplesPerPixel };
}

/** Without a scan there is nothing to decode; the decoder finds that out at no cost. */
const withoutScan = ({ width, height }: Frame): JpegHeader => ({ width, height, heldBytes: 0, scans: 0 });

/** @param rest what begins with the first scan */
function describe({ width, height, progressive, components, samplesPerPixel }: Frame, rest: Buffer): JpegHeader {
  const scannedFirst = rest[4] ?? 0;
  if (!progressive && scannedFirst === components) return { width, height, heldBytes: 0, scans: 1 };
  return { width, height, heldBytes: Math.ceil(width * height * samplesPerPixel * 2), scans: countScans(rest) };
}

/**
 * In coded data 0xff is followed by zero or a restart marker, so a marker of a scan begins one, or stands in a segment by accident.
 * A plain loop takes the same time for every input, where the search for a pattern can be made twenty times slower.
 */
function countScans(bytes: Buffer): number {
  let count = 0;
  for (let offset = 1; offset < bytes.length; offset++) if (bytes[offset] === startOfScan && bytes[offset - 1] === 0xff) count++;
  return count;
}
