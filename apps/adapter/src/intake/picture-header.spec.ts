import { describe, expect, it } from '@jest/globals';
import { checkPicture } from './picture-header.js';

const refusal = (bytes: Uint8Array) => {
  try {
    checkPicture(bytes);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('accepted');
};
const hex = (text: string) => Buffer.from(text, 'hex');

interface PngForm {
  depth?: number;
  colour?: number;
  interlaced?: boolean;
}

/** A PNG that ends after its IHDR chunk. */
function png(width: number, height: number, { depth = 8, colour = 2, interlaced = false }: PngForm = {}): Buffer {
  const bytes = Buffer.alloc(33);
  hex('89504e470d0a1a0a0000000d49484452').copy(bytes);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.set([depth, colour, 0, 0, interlaced ? 1 : 0], 24);
  return bytes;
}

const segment = (marker: number, content: Uint8Array) =>
  Buffer.concat([Buffer.of(0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 0xff), content]);

/** Frame header with three components; `factors` are how finely each is sampled. */
function frameHeader(width: number, height: number, { marker = 0xc0, factors = [0x22, 0x11, 0x11] } = {}): Buffer {
  const content = Buffer.alloc(6 + 3 * factors.length);
  content.writeUInt16BE(height, 1);
  content.writeUInt16BE(width, 3);
  content[0] = 8;
  content[5] = factors.length;
  for (const [index, factor] of factors.entries()) content.set([index + 1, factor, 0], 6 + 3 * index);
  return segment(marker, content);
}
const scanOf = (components: number) => segment(0xda, Buffer.of(components, ...new Array<number>(2 * components + 3).fill(0)));

const startOfImage = hex('ffd8');
/** A JPEG that ends after its frame header. */
const jpeg = (width: number, height: number, before: Buffer = Buffer.alloc(0)) =>
  Buffer.concat([startOfImage, before, frameHeader(width, height)]);

function webp(chunk: string, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.write('RIFF', 0, 'latin1');
  bytes.write(`WEBP${chunk}`, 8, 'latin1');
  payload.copy(bytes, 20);
  return bytes;
}

function lossyWebp(width: number, height: number): Buffer {
  const payload = hex('0000009d012a00000000');
  payload.writeUInt16LE(width, 6);
  payload.writeUInt16LE(height, 8);
  return webp('VP8 ', payload);
}

describe('checkPicture', () => {
  it('reads the size of a PNG', () => {
    expect(checkPicture(png(640, 480))).toEqual({ format: 'png', width: 640, height: 480 });
  });

  it('finds the frame header of a JPEG behind other segments, markers without a length and fill bytes', () => {
    const before = [segment(0xe0, Buffer.alloc(4)), hex('ffff'), hex('ff01'), hex('ffd0'), segment(0xc4, Buffer.alloc(20)), hex('ff')];
    expect(checkPicture(jpeg(1920, 1080))).toEqual({ format: 'jpeg', width: 1920, height: 1080 });
    expect(checkPicture(jpeg(1920, 1080, Buffer.concat(before)))).toEqual({ format: 'jpeg', width: 1920, height: 1080 });
  });

  it('does not take the preview inside a JPEG for the picture', () => {
    expect(checkPicture(jpeg(1920, 1080, segment(0xe1, jpeg(160, 120))))).toMatchObject({ width: 1920 });
  });

  it('reads the three forms of WebP', () => {
    const lossless = Buffer.alloc(5);
    lossless[0] = 0x2f;
    lossless.writeUInt32LE(((99 - 1) | ((77 - 1) << 14)) >>> 0, 1);
    const extended = Buffer.alloc(10);
    extended.writeUIntLE(98, 4, 3);
    extended.writeUIntLE(76, 7, 3);
    const size = { format: 'webp', width: 99, height: 77 };
    expect([webp('VP8L', lossless), lossyWebp(99, 77), webp('VP8X', extended)].map(checkPicture)).toEqual([size, size, size]);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'empty'],
    ['a text', Buffer.from('this is a text file called .jpg'), 'not a JPEG, PNG or WebP'],
    ['a GIF', Buffer.from('GIF89a'), 'not a JPEG, PNG or WebP'],
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1/"/></svg>'), 'not a JPEG, PNG or WebP'],
    ['a TIFF', hex('49492a0008000000'), 'not a JPEG, PNG or WebP'],
    ['a BMP', Buffer.from('BM66'), 'not a JPEG, PNG or WebP'],
    ['a HEIF', Buffer.from('\0\0\0\x18ftypheic'), 'not a JPEG, PNG or WebP'],
    ['a PDF', Buffer.from('%PDF-1.7'), 'not a JPEG, PNG or WebP'],
    ['a gzip', hex('1f8b0800'), 'not a JPEG, PNG or WebP'],
    ['a playlist', Buffer.from('#EXTM3U\nfile:///etc/passwd\n'), 'not a JPEG, PNG or WebP'],
    ['a sound in RIFF', Buffer.from('RIFF\0\0\0\0WAVEfmt '), 'not a JPEG, PNG or WebP'],
    ['a JPEG behind a byte', Buffer.concat([Buffer.of(0), jpeg(4, 4)]), 'not a JPEG, PNG or WebP'],
    ['a start of an image alone', hex('ffd8'), 'not a JPEG, PNG or WebP'],
    ['a PNG that breaks off', png(4, 4).subarray(0, 28), 'damaged'],
    [
      'a PNG whose first chunk is another',
      Buffer.concat([png(4, 4).subarray(0, 12), Buffer.from('IDAT'), png(4, 4).subarray(16)]),
      'damaged',
    ],
    ['a JPEG that breaks off', jpeg(4, 4).subarray(0, 8), 'damaged'],
    ['a JPEG whose segments lead nowhere', hex('ffd8ffe0fffe000000000000000000'), 'damaged'],
    ['a JPEG with a segment of no length', jpeg(4, 4, hex('ffe00000')), 'damaged'],
    ['a JPEG with a segment shorter than its length', jpeg(4, 4, hex('ffe00001')), 'damaged'],
    ['a JPEG with rubbish between its segments', jpeg(4, 4, hex('ffe000020000')), 'damaged'],
    ['a JPEG with a stuffed byte for a marker', jpeg(4, 4, hex('ff000000')), 'damaged'],
    ['a JPEG with two frame headers', Buffer.concat([jpeg(4, 4), frameHeader(60_000, 60_000), scanOf(3)]), 'damaged'],
    ['a JPEG without components', Buffer.concat([startOfImage, frameHeader(4, 4, { factors: [] }), scanOf(0)]), 'damaged'],
    ['a JPEG that samples a component never', Buffer.concat([startOfImage, frameHeader(4, 4, { factors: [0x02] }), scanOf(1)]), 'damaged'],
    ['a JPEG that scans before it says what', Buffer.concat([startOfImage, scanOf(3), frameHeader(4, 4)]), 'damaged'],
    ['a WebP of an unknown form', webp('VP9 ', Buffer.alloc(10)), 'damaged'],
    ['a WebP without its start code', webp('VP8 ', Buffer.alloc(10, 1)), 'damaged'],
    ['a lossless WebP without its signature', webp('VP8L', Buffer.alloc(10)), 'damaged'],
    ['a WebP that breaks off', lossyWebp(4, 4).subarray(0, 29), 'damaged'],
    ['a PNG without pixels', png(0, 4), 'no pixels'],
    ['a JPEG without height', jpeg(4, 0), 'no pixels'],
    ['a WebP without width', lossyWebp(0, 4), 'no pixels'],
  ])('refuses %s', (_what, bytes, reason) => {
    expect(refusal(bytes)).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining(reason) });
  });
});

describe('T21 and R16: pictures that cost more than they are worth are refused from their header', () => {
  it('sixty thousand by sixty thousand pixels', () => {
    expect(refusal(png(60_000, 60_000)).message).toContain('60000 x 60000');
    expect(refusal(jpeg(60_000, 60_000)).message).toContain('60000 x 60000');
    expect(refusal(png(0xffffffff, 0xffffffff)).message).toContain('4294967295 x 4294967295');
  });

  it('rows of millions of pixels', () => {
    expect(refusal(png(9_999_999, 5)).message).toContain('is over 16384');
    expect(refusal(png(5, 9_999_999)).message).toContain('is over 16384');
    expect(refusal(jpeg(65_500, 760)).message).toContain('is over 16384');
    expect(checkPicture(png(16_384, 3_051))).toMatchObject({ width: 16_384 });
  });

  it('interlaced PNGs that a decoder must hold whole', () => {
    expect(refusal(png(7_000, 7_000, { depth: 16, colour: 6, interlaced: true })).message).toContain('decoding it takes');
    expect(checkPicture(png(7_000, 7_000, { depth: 16, colour: 6 }))).toMatchObject({ width: 7_000 });
    expect(checkPicture(png(7_000, 7_000, { interlaced: true }))).toMatchObject({ width: 7_000 });
    expect(checkPicture(png(4_900, 4_900, { depth: 16, colour: 6, interlaced: true }))).toMatchObject({ width: 4_900 });
  });

  it.each([
    ['progressive', 0xc2, 3],
    ['in one scan per colour', 0xc0, 1],
  ])('JPEGs in full colour that come %s', (_how, marker, scanned) => {
    const fullColour = (width: number, factors: number[]) =>
      Buffer.concat([startOfImage, frameHeader(width, 7_000, { marker, factors }), segment(0xc4, Buffer.alloc(30)), scanOf(scanned)]);
    expect(refusal(fullColour(7_000, [0x11, 0x11, 0x11])).message).toContain('decoding it takes');
    expect(refusal(fullColour(7_000, [0x44, 0x44, 0x44])).message).toContain('decoding it takes');
    expect(checkPicture(fullColour(4_700, [0x11, 0x11, 0x11]))).toMatchObject({ width: 4_700 });
    expect(checkPicture(fullColour(7_000, [0x22, 0x11, 0x11]))).toMatchObject({ width: 7_000 });
  });

  it('progressive JPEGs in thousands of scans', () => {
    const inScans = (count: number) =>
      Buffer.concat([startOfImage, frameHeader(640, 480, { marker: 0xc2 }), ...new Array<Buffer>(count).fill(scanOf(1)), hex('ffd9')]);
    expect(checkPicture(inScans(64))).toMatchObject({ width: 640 });
    expect(refusal(inScans(65)).message).toContain('more than 64 scans');
    expect(refusal(inScans(100_000)).message).toContain('more than 64 scans');
  });

  it('PNGs with packed texts', () => {
    const chunk = (type: string, content: Buffer) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(content.length);
      return Buffer.concat([length, Buffer.from(type), content, Buffer.alloc(4)]);
    };
    const packed = chunk('zTXt', Buffer.alloc(4_096));
    const packedToo = chunk('iTXt', Buffer.concat([Buffer.from('key\0\x01\0\0\0'), Buffer.alloc(4_088)]));
    const plain = chunk('iTXt', Buffer.concat([Buffer.from('XML:com.adobe.xmp\0\0\0\0\0'), Buffer.alloc(1_000_000)]));
    const withChunks = (...chunks: Buffer[]) => Buffer.concat([png(4, 4), ...chunks]);
    expect(checkPicture(withChunks(...new Array<Buffer>(16).fill(packed), plain))).toMatchObject({ width: 4 });
    for (const text of [packed, packedToo, chunk('iTXt', Buffer.alloc(4_096, 1))])
      expect(refusal(withChunks(...new Array<Buffer>(17).fill(text))).message).toContain('packed text');
    expect(refusal(withChunks(...new Array<Buffer>(65_536).fill(chunk('tEXt', Buffer.alloc(2))))).message).toContain('damaged');
  });

  it('not JPEGs in full colour whose rows come in order', () => {
    const plain = Buffer.concat([startOfImage, frameHeader(7_000, 7_000, { factors: [0x11, 0x11, 0x11] }), scanOf(3)]);
    expect(checkPicture(plain)).toMatchObject({ width: 7_000, height: 7_000 });
  });

  it('JPEGs with more segments or fill bytes than anybody can mean', () => {
    const empty = segment(0xe0, Buffer.alloc(0));
    const walls = [
      Buffer.alloc(10 * 1024 * 1024, 0xff),
      Buffer.alloc(10 * 1024 * 1024, empty),
      Buffer.alloc(32 * 1024 * 1024, hex('ffd0')),
    ];
    for (const wall of walls) expect(refusal(jpeg(4, 4, wall)).message).toContain('damaged');
  });

  it('not JPEGs with ten megabytes of profiles and previews', () => {
    const full = segment(0xe2, Buffer.alloc(65_533, 0xff));
    const before = Buffer.alloc(160 * full.length, full);
    expect(before.length).toBeGreaterThan(10 * 1024 * 1024);
    expect(checkPicture(jpeg(1920, 1080, before))).toMatchObject({ width: 1920, height: 1080 });
  });
});
