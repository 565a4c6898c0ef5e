import { readFileSync } from 'node:fs';
import { samplePictures } from '@nightjar/testing';
import sharp from 'sharp';

/** Several persons. */
export const photo = readFileSync(samplePictures[0]!);

/** What conformance checks send. */
export const blackPixel = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'black' } })
  .jpeg()
  .toBuffer();
