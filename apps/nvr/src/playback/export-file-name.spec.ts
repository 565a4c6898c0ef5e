import { describe, expect, it } from '@jest/globals';
import { ExportFileName } from './export-file-name.js';

describe("an export's name", () => {
  it('is of letters of any script, and ends with mp4', () => {
    expect(['Hof Süd', '  北門 2.mp4 ', 'Двор.MP4'].map((name) => ExportFileName.parse(name))).toEqual([
      'Hof Süd.mp4',
      '北門 2.mp4',
      'Двор.MP4',
    ]);
  });

  it.each(['', '../x', '.hidden', 'a/b', 'a\\b', 'a"b', 'a\r\nx: y', 'a\0', 'a\u202eb', 'x'.repeat(121), '門'.repeat(80)])(
    'is not %j',
    (name) => {
      expect(ExportFileName.safeParse(name).success).toBe(false);
    },
  );
});
