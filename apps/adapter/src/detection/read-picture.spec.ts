import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { readPicture } from './read-picture.js';

const target = { widthPixels: 64, heightPixels: 64 };
const red = { r: 255, g: 0, b: 0 };
const redPicture = (width = 100, height = 50) => sharp({ create: { width, height, channels: 3, background: red } });
/** Colour of the middle pixel. */
const middleOf = ({ data }: { data: Uint8Array }) => Array.from(data.subarray((32 * 64 + 32) * 3, (32 * 64 + 32) * 3 + 3));

describe('readPicture', () => {
  it.each([
    ['a JPEG', redPicture().jpeg()],
    ['a progressive JPEG', redPicture().jpeg({ progressive: true })],
    ['a PNG with a palette', redPicture().png({ palette: true })],
    ['a PNG with 16 bits a channel', redPicture().toColourspace('rgb16').png()],
    ['a PNG with transparency', redPicture().ensureAlpha(0.5).png()],
    ['a WebP', redPicture().webp()],
    ['a JPEG in CMYK', redPicture().toColourspace('cmyk').jpeg()],
  ])('gives interleaved 8-bit RGB of %s', async (_what, source) => {
    const { pixels, picture } = await readPicture(await source.toBuffer(), target);
    expect(picture).toEqual({ width: 100, height: 50 });
    expect(pixels.data).toHaveLength(64 * 64 * 3);
    const [r, g, b] = middleOf(pixels);
    expect(r).toBeGreaterThan(200);
    expect(g).toBeLessThan(60);
    expect(b).toBeLessThan(60);
  });

  it.each([
    ['a grey JPEG', redPicture().greyscale().jpeg()],
    ['a grey PNG with transparency', redPicture().greyscale().ensureAlpha(0.5).png()],
    ['a black and white PNG', redPicture().threshold(40).png({ colours: 2 })],
  ])('gives three channels of %s', async (_what, source) => {
    const { pixels } = await readPicture(await source.toBuffer(), target);
    expect(pixels.data).toHaveLength(64 * 64 * 3);
    const [r, g, b] = middleOf(pixels);
    expect([g, b]).toEqual([r, r]);
  });

  it('takes the first picture of an animation', async () => {
    const frames = Buffer.concat([Buffer.alloc(10 * 10 * 3, 255), Buffer.alloc(10 * 10 * 3, 0)]);
    const animation = await sharp(frames, { raw: { width: 10, height: 20, channels: 3, pageHeight: 10 } })
      .webp({ lossless: true })
      .toBuffer();
    const { pixels, picture } = await readPicture(animation, target);
    expect(picture).toEqual({ width: 10, height: 10 });
    expect(middleOf(pixels)).toEqual([255, 255, 255]);
  });

  it('turns a picture upright and gives the upright size', async () => {
    const sideways = await redPicture(100, 50).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    expect((await readPicture(sideways, target)).picture).toEqual({ width: 50, height: 100 });
  });

  it('refuses what it cannot decode', async () => {
    const jpeg = await redPicture(400, 400).jpeg().toBuffer();
    for (const bytes of [Buffer.from('text'), jpeg.subarray(0, jpeg.length / 2), Buffer.alloc(0)]) {
      await expect(readPicture(bytes, target)).rejects.toMatchObject({ code: 'invalid_argument' });
    }
  });
});
