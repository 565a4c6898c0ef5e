import { describe, expect, it } from '@jest/globals';
import { readH264Format, readHevcFormat } from './read-picture-format.js';

const nal = (text: string) => Buffer.from(text, 'base64');

describe('the format of pictures', () => {
  // Parameter sets that x264 and x265 wrote.
  it.each([
    ['cropped, with colour at half size', 'Z2QAKKzZQHgCJ+XARAAAAwAEAAADACg8YMZY', [1920, 1080, 1, 8]],
    ['all of the colour', 'Z/QAFpGbKBQF/xOAiAAAAwAIAAADAFB4sWyw', [640, 360, 3, 8]],
    ['colour at half the width, ten bits', 'Z3oAFrbNlAoC/58BEAAAAwAQAAADAKDxYtlg', [640, 362, 2, 10]],
    ['the simplest profile', 'Z0LAC9kBQfsBEAAAAwAQAAADAKDxQqSA', [320, 240, 1, 8]],
    ['half pictures', 'Z2QAKKzZQHgET94CIAAAAwAgAAADAUPixbLA', [1920, 1080, 1, 8]],
    ['no colour, and scaling lists', 'Z2QAFvNlAoC/4nAWyAAAAwAIAAADAFB4sWyw', [640, 360, 0, 8]],
  ])('of H.264 is read from its parameter set: %s', (_what, text, [width, height, chromaFormat, lumaBits]) => {
    expect(readH264Format(nal(text))).toMatchObject({ width, height, chromaFormat, lumaBits });
  });

  it.each([
    ['cropped', 'QgEBAWAAAAMAkAAAAwAAAwB4oAPAgBDlllZpJMrwFoCAAAADAIAAAAMChA==', [1920, 1080, 1, 8]],
    ['ten bits', 'QgEBAiAAAAMAkAAAAwAAAwA/oAUSAXHJI2WVmkkyvAWgIAAAAwAgAAADAKE=', [642, 362, 1, 10]],
    ['sub-layers, all of the colour', 'QgECBAgAAAMAnggAAAMAAD8AAJAAoEAtLLKzFZpJMrwFoCAAAAMAIAAAAwCh', [640, 360, 3, 8]],
  ])('of H.265 is read from its parameter set: %s', (_what, text, [width, height, chromaFormat, lumaBits]) => {
    expect(readHevcFormat(nal(text))).toMatchObject({ width, height, chromaFormat, lumaBits });
  });

  it('is refused where a parameter set is cut off, or says what cannot be', () => {
    const whole = nal('Z2QAKKzZQHgCJ+XARAAAAwAEAAADACg8YMZY');
    for (let bytes = 0; bytes < 10; bytes++) expect(() => readH264Format(whole.subarray(0, bytes))).toThrow(/cut off/);
    expect(() => readH264Format(Buffer.concat([whole.subarray(0, 4), Buffer.alloc(40)]))).toThrow(/is none/);
    expect(() => readHevcFormat(Buffer.alloc(200, 0xff))).toThrow(/none has/);
    expect(() => readHevcFormat(Buffer.alloc(3))).toThrow(/cut off/);
  });
});
