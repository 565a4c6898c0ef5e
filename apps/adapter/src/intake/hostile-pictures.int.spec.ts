import { readFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '@nightjar/runtime';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';
import { Picture } from '../pictures/picture.js';
import { checkPicture } from './picture-header.js';
import { startServer, type ScriptedServer } from './remote-frames/servers.fixture.js';

const target = { widthPixels: 64, heightPixels: 64 };

/** What becomes of a picture: refused from its header, refused by the decoder, or its size. */
async function fateOf(bytes: Buffer): Promise<string> {
  try {
    checkPicture(bytes);
  } catch (error) {
    return describeRefusal(error, 'header');
  }
  try {
    const picture = new Picture(bytes);
    await picture.stretch(target);
    const { width, height } = await picture.size();
    return `${width} x ${height}`;
  } catch (error) {
    return describeRefusal(error, 'decoder');
  }
}

function describeRefusal(error: unknown, by: string): string {
  if (error instanceof AppError && error.code === 'invalid_argument') return `refused by the ${by}`;
  throw error;
}

function chunk(type: string, content: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const bytes = Buffer.alloc(named.length + 8);
  bytes.writeUInt32BE(content.length, 0);
  named.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(named), named.length + 4);
  return bytes;
}

/** An RGB PNG; `rows` may hold more than it has pixels for. */
function png({ width, height, before = [], rows }: { width: number; height: number; before?: Buffer[]; rows?: Buffer }): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const pixels = rows ?? Buffer.alloc((width * 3 + 1) * height);
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    ...before,
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const segment = (marker: number, content: Buffer) =>
  Buffer.concat([Buffer.of(0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 0xff), content]);
/** Puts segments right behind a JPEG's first two bytes. */
const withSegments = (jpeg: Buffer, ...segments: Buffer[]) => Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);

/** An animated picture of that many small frames. */
function animation(format: 'gif' | 'webp', frames: number): Promise<Buffer> {
  const height = 8;
  const pixels = Buffer.from(Array.from({ length: 8 * height * frames * 3 }, (_, index) => (index * 31) & 0xff));
  return sharp(pixels, { raw: { width: 8, height: height * frames, channels: 3, pageHeight: height } })
    .toFormat(format)
    .toBuffer();
}

describe('T16, T21 and R16: pictures that mean harm, through both halves', () => {
  let photo: Buffer;
  let canary: ScriptedServer;

  beforeAll(async () => {
    photo = await sharp(await readFile(samplePictures[0]!))
      .resize(640)
      .jpeg()
      .toBuffer();
    canary = await startServer((socket) => socket.destroy());
  });
  afterAll(() => canary.stop());

  it('real ones pass, whatever wrote them', async () => {
    for (const file of samplePictures) expect(await fateOf(await readFile(file))).toMatch(/^\d+ x \d+$/);
    const source = sharp(photo).resize(97, 61);
    const forms = [
      source.clone().jpeg({ progressive: true }),
      source.clone().jpeg({ chromaSubsampling: '4:4:4', optimiseScans: true, mozjpeg: true }),
      source.clone().greyscale().jpeg(),
      source.clone().toColourspace('cmyk').jpeg(),
      source.clone().png({ progressive: true }),
      source.clone().png({ palette: true }),
      source.clone().webp(),
      source.clone().webp({ lossless: true }),
      source.clone().ensureAlpha(0.5).webp(),
      source
        .clone()
        .keepExif()
        .withExif({ IFD0: { Copyright: 'x'.repeat(2_000) } })
        .jpeg(),
    ];
    for (const form of forms) expect(await fateOf(await form.toBuffer())).toBe('97 x 61');
  });

  it('JPEGs that break off anywhere are refused, or read as far as they go', async () => {
    const fates = new Set<string>();
    for (let length = 0; length < photo.length; length += Math.ceil(photo.length / 150)) fates.add(await fateOf(photo.subarray(0, length)));
    expect([...fates].filter((fate) => !fate.startsWith('refused'))).toEqual([]);
  });

  it('JPEGs with a wrong byte are refused or read, and nothing else happens', async () => {
    let state = 1;
    const next = (below: number) => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) % below;
    for (let round = 0; round < 300; round++) {
      const damaged = Buffer.from(photo);
      const hits = 1 + next(4);
      for (let hit = 0; hit < hits; hit++) damaged[next(round % 2 === 0 ? 700 : damaged.length)] = next(256);
      expect(await fateOf(damaged)).toMatch(/^(refused by the (header|decoder)|\d+ x \d+)$/);
    }
  });

  it('a JPEG behind ten megabytes of segments is read; one behind ten megabytes of nothing is not', async () => {
    const profile = segment(0xeb, Buffer.alloc(65_533, 0xff));
    const size = await fateOf(photo);
    expect(await fateOf(withSegments(photo, Buffer.alloc(161 * profile.length, profile)))).toBe(size);
    expect(await fateOf(withSegments(photo, Buffer.alloc(10 * 1024 * 1024, 0xff)))).toBe('refused by the header');
    expect(await fateOf(withSegments(photo, Buffer.alloc(10 * 1024 * 1024, segment(0xe0, Buffer.alloc(0)))))).toBe('refused by the header');
  });

  it('polyglots are what their first bytes say, and nothing in them is fetched or run', async () => {
    const url = `http://127.0.0.1:${canary.port}/`;
    const svg = Buffer.from(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="${url}"/></svg>`);
    const size = await fateOf(photo);
    const tails = [svg, Buffer.from('PK\x03\x04'), Buffer.from(`<script src="${url}"></script>`), Buffer.from('GIF89a'), photo];
    for (const tail of tails) expect(await fateOf(Buffer.concat([photo, tail]))).toBe(size);
    expect(await fateOf(withSegments(photo, segment(0xfe, svg)))).toBe(size);
    expect(await fateOf(Buffer.concat([Buffer.from('GIF89a'), photo]))).toBe('refused by the header');
    expect(await fateOf(svg)).toBe('refused by the header');
    expect(await fateOf(Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), svg]))).toBe('refused by the header');
    expect(await fateOf(Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBPVP8X\n\0\0\0'), Buffer.alloc(10), svg]))).toBe(
      'refused by the decoder',
    );
    expect(canary.connections).toBe(0);
  });

  it('of an animation the first picture is read, and a GIF not at all', async () => {
    expect(await fateOf(await animation('gif', 1_000))).toBe('refused by the header');
    expect(await fateOf(await animation('webp', 1_000))).toBe('8 x 8');
  });

  it('PNGs that unpack to more than they are', async () => {
    const bomb = deflateSync(Buffer.alloc(60 * 1024 * 1024));
    const text = chunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), bomb]));
    const profile = chunk('iCCP', Buffer.concat([Buffer.from('icc\0\0'), bomb]));
    // What is not needed is left packed, or thrown away.
    expect(await fateOf(png({ width: 4, height: 4, rows: Buffer.alloc(64 * 1024 * 1024) }))).toMatch(/^(4 x 4|refused by the decoder)$/);
    expect(await fateOf(png({ width: 4, height: 4, before: [chunk('zTXt', Buffer.from('Comment\0\0'))] }))).toBe('4 x 4');
    expect(await fateOf(png({ width: 4, height: 4, before: new Array<Buffer>(50).fill(text) }))).toBe('refused by the header');
    expect(await fateOf(png({ width: 4, height: 4, before: [profile] }))).toMatch(/^(4 x 4|refused by the decoder)$/);
    expect(await fateOf(png({ width: 4_000, height: 4_000, rows: Buffer.alloc(10) }))).toBe('refused by the decoder');
    expect(await fateOf(png({ width: 60_000, height: 60_000, rows: Buffer.alloc(10) }))).toBe('refused by the header');
    expect(await fateOf(png({ width: 9_999_999, height: 5, rows: Buffer.alloc(10) }))).toBe('refused by the header');
  });
});
