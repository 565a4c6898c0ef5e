import { describe, expect, it } from '@jest/globals';
import { contentDisposition } from './content-disposition.js';

describe("a file's name in its header", () => {
  it('stands as it is, and for old clients in ASCII', () => {
    expect(contentDisposition('attachment', 'the parcel.mp4')).toBe('attachment; filename="the parcel.mp4"');
    expect(contentDisposition('inline', 'Hof Süd.mp4')).toBe(`inline; filename="Hof S_d.mp4"; filename*=UTF-8''Hof%20S%C3%BCd.mp4`);
  });
});
