import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { overviewPicture } from './overview-picture.js';

const frame = () =>
  sharp({ create: { width: 1_280, height: 720, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 40 }, background: 'black' } })
    .jpeg()
    .toBuffer();

describe('overviewPicture', () => {
  it('is as large as asked for, in the format asked for, and never larger than the frame', async () => {
    const jpeg = await overviewPicture(await frame(), { mimetype: 'JPEG', quality: 0.8, max_size: 640 });
    expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 360 });
    const png = await overviewPicture(await frame(), { mimetype: 'PNG', quality: 1, max_size: 4_000 });
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 1_280, height: 720 });
  });

  it('is smaller at a lower quality', async () => {
    const bytes = await frame();
    const [good, bad] = await Promise.all([1, 0].map((quality) => overviewPicture(bytes, { mimetype: 'JPEG', quality, max_size: 640 })));
    expect(bad!.length).toBeLessThan(good!.length / 4);
  });
});
