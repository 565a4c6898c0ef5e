import { describe, expect, it } from '@jest/globals';
import { contentDisposition, ExportFileName } from './export-file-name.js';

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

  it('stands in its header as it is, and for old clients in ASCII', () => {
    expect(contentDisposition('attachment', 'the parcel.mp4')).toBe('attachment; filename="the parcel.mp4"');
    expect(contentDisposition('inline', 'Hof Süd.mp4')).toBe(`inline; filename="Hof S_d.mp4"; filename*=UTF-8''Hof%20S%C3%BCd.mp4`);
  });
});
