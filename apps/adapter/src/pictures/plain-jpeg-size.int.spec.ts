import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';
import { plainJpegSize } from './plain-jpeg-size.js';

const picture = (width = 100, height = 50) => sharp({ create: { width, height, channels: 3, background: { r: 255, g: 0, b: 0 } } });

/** An empty segment of this kind, put before what begins at `offset`. */
const withSegment = (jpeg: Buffer, marker: number, offset: number) =>
  Buffer.concat([jpeg.subarray(0, offset), Buffer.from([0xff, marker, 0, 2]), jpeg.subarray(offset)]);

describe('plainJpegSize', () => {
  it.each([
    ['baseline', picture().jpeg()],
    ['progressive', picture().jpeg({ progressive: true })],
    ['in grey', picture().greyscale().jpeg()],
    ['optimised by mozjpeg', picture().jpeg({ mozjpeg: true })],
    ['with an ICC profile', picture().withIccProfile('srgb').jpeg()],
  ])('reads the size of a JPEG %s', async (_what, source) => {
    expect(plainJpegSize(await source.toBuffer())).toEqual({ width: 100, height: 50 });
  });

  it.each([1, 3, 6, 8])('leaves a JPEG with orientation %i to the decoder', async (orientation) => {
    expect(plainJpegSize(await picture().jpeg().withMetadata({ orientation }).toBuffer())).toBeUndefined();
  });

  it('leaves it to the decoder when Exif comes after the frame header', async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]));
    expect(plainJpegSize(withSegment(jpeg, 0xfe, scan))).toEqual({ width: 100, height: 50 });
    expect(plainJpegSize(withSegment(jpeg, 0xe1, scan))).toBeUndefined();
  });

  it('says what the decoder says of photographs', async () => {
    for (const file of samplePictures) {
      const bytes = await readFile(file);
      const { autoOrient } = await sharp(bytes).metadata();
      const plain = await sharp(bytes).jpeg().toBuffer();
      expect(plainJpegSize(plain)).toEqual({ width: autoOrient.width, height: autoOrient.height });
      expect([undefined, { width: autoOrient.width, height: autoOrient.height }]).toContainEqual(plainJpegSize(bytes));
    }
  });

  it('says nothing of other formats, of what is cut off before its pixels, or has two frame headers', async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    const frameLength = 2 + jpeg.readUInt16BE(frame + 2);
    const twice = Buffer.concat([jpeg.subarray(0, frame + frameLength), jpeg.subarray(frame)]);
    const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]));
    for (let length = 0; length < scan; length++) expect(plainJpegSize(jpeg.subarray(0, length))).toBeUndefined();
    for (const bytes of [twice, await picture().png().toBuffer(), await picture().webp().toBuffer()]) {
      expect(plainJpegSize(bytes)).toBeUndefined();
    }
  });
});
