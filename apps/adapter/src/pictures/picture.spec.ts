import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { Picture } from './picture.js';

const target = { widthPixels: 64, heightPixels: 64 };
const red = { r: 255, g: 0, b: 0 };
const redPicture = (width = 100, height = 50) => sharp({ create: { width, height, channels: 3, background: red } });
/** Colour of the middle pixel. */
const middleOf = ({ data }: { data: Uint8Array }) => Array.from(data.subarray((32 * 64 + 32) * 3, (32 * 64 + 32) * 3 + 3));

/** The picture as a model sees it, and its upright size. */
const readPicture = async (bytes: Uint8Array, size: typeof target) => {
  const picture = new Picture(bytes);
  return { pixels: await picture.stretch(size), picture: await picture.size() };
};

describe('Picture', () => {
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

  it('decodes once, however many views are asked for, when its pixels are kept', async () => {
    const picture = new Picture(await redPicture(100, 50).jpeg().toBuffer());
    picture.keepPixels();
    const views = await Promise.all([
      picture.stretch(target),
      picture.crop({ x1: 10, y1: 10, x2: 40, y2: 40 }, target),
      picture.stretch(target),
    ]);
    expect(views.map((view) => view.data.length)).toEqual([12_288, 12_288, 12_288]);
    expect(middleOf(views[1]!)[0]).toBeGreaterThan(200);
    expect(await picture.size()).toEqual({ width: 100, height: 50 });
    expect(picture.decodes).toBe(1);
  });

  it('fills what a crop has outside the picture with black', async () => {
    const picture = new Picture(await redPicture(100, 50).png().toBuffer());
    const { data } = await picture.crop({ x1: -50, y1: -25, x2: 50, y2: 25 }, target);
    expect(Array.from(data.subarray(0, 3))).toEqual([0, 0, 0]);
    expect(Array.from(data.subarray(data.length - 3))).toEqual([255, 0, 0]);
    const outside = await picture.crop({ x1: 200, y1: 200, x2: 240, y2: 240 }, target);
    expect(outside.data.every((value) => value === 0)).toBe(true);
    await expect(picture.crop({ x1: 5, y1: 5, x2: 5, y2: 9 }, target)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('letterboxes without changing proportions, and tells where the picture lies', async () => {
    const picture = new Picture(await redPicture(100, 50).png().toBuffer());
    const centred = await picture.letterbox({ ...target, fill: 114, align: 'centre' });
    expect(centred).toMatchObject({ scale: 0.64, leftPixels: 0, topPixels: 16 });
    expect(Array.from(centred.pixels.data.subarray(0, 3))).toEqual([114, 114, 114]);
    expect(middleOf(centred.pixels)).toEqual([255, 0, 0]);
    const topLeft = await picture.letterbox({ ...target, fill: 0, align: 'top-left' });
    expect(topLeft).toMatchObject({ leftPixels: 0, topPixels: 0 });
    expect(Array.from(topLeft.pixels.data.subarray(0, 3))).toEqual([255, 0, 0]);
  });

  it('gives grey values', async () => {
    const picture = new Picture(await redPicture(100, 50).png().toBuffer());
    const luma = await picture.luma({ widthPixels: 16, heightPixels: 8 });
    expect(luma).toHaveLength(128);
    expect(new Set(luma).size).toBe(1);
  });

  it('makes grey values from a larger view where there is one, without decoding again', async () => {
    const picture = new Picture(await redPicture(400, 300).jpeg().toBuffer());
    await picture.stretch(target);
    expect((await picture.luma({ widthPixels: 32, heightPixels: 32 })).length).toBe(1024);
    expect(picture.decodes).toBe(1);
    await picture.luma({ widthPixels: 65, heightPixels: 10 });
    expect(picture.decodes).toBe(2);
  });

  it('refuses what it cannot decode', async () => {
    const jpeg = await redPicture(400, 400).jpeg().toBuffer();
    for (const bytes of [Buffer.from('text'), jpeg.subarray(0, jpeg.length / 2), Buffer.alloc(0)]) {
      await expect(readPicture(bytes, target)).rejects.toMatchObject({ code: 'invalid_argument' });
    }
  });
});
