import { describe, expect, it } from '@jest/globals';
import { suppressNonMaxima } from '@nightjar/geometry';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';
import { ConvertedSession } from './converted-session.fixture.js';
import { detectorDecoders } from './detector-decoders.js';

/** Persons on each picture. */
const truth = [3, 3, 3, 4, 5, 4];

describe('persons on real pictures', () => {
  it('are found by CenterNet, three of four where they stand close together', async () => {
    const { decode, graphOutputs } = detectorDecoders.centernet;
    const session = await ConvertedSession.open('centernet', { sidePixels: 512, outputs: graphOutputs! });
    const counts: number[] = [];
    for (const file of samplePictures) {
      const pixels = await sharp(file).removeAlpha().resize(512, 512, { fit: 'fill' }).raw().toBuffer();
      const decoding = { inputWidthPixels: 512, inputHeightPixels: 512, classes: 80, classIds: [0], minScore: 0.3 };
      const persons = suppressNonMaxima(decode(await session.run(pixels), decoding), { maxIou: 0.6, scope: 'any-class' });
      for (const { box } of persons) expect(box.y2 - box.y1).toBeGreaterThan(100);
      counts.push(persons.length);
    }
    await session.close();
    counts.forEach((count, picture) => {
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(truth[picture]!);
    });
    expect(counts.reduce((total, count) => total + count, 0)).toBeGreaterThanOrEqual(15);
  });
});
