import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * Photographs of real people that come with `npm ci` (package @vladmandic/face-api), used where they lie and never copied
 * into the repository. Every one shows several persons; a detector finds two to four of them.
 */
export const samplePictures: readonly string[] = [1, 2, 3, 4, 5, 6].map((number) => path.join(demoDirectory(), `sample${number}.jpg`));

function demoDirectory(): string {
  return path.join(path.dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')), 'demo');
}
