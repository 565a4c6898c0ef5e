import { describe, expect, it } from '@jest/globals';
import { JpegSplitter } from './jpeg-splitter.js';

/** A JPEG by its segments: the scan data is not a real picture, which the splitter never looks at. */
function jpeg(options: { width: number; height: number; scan?: number[]; extraSegment?: Buffer }): Buffer {
  const frameHeader = Buffer.from(
    [0xff, 0xc0, 0, 8, 8, options.height >> 8, options.height & 255, options.width >> 8, options.width & 255, 0].slice(0, 10),
  );
  const scanHeader = Buffer.from([0xff, 0xda, 0, 4, 1, 1]);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    options.extraSegment ?? Buffer.alloc(0),
    frameHeader,
    scanHeader,
    Buffer.from(options.scan ?? [1, 2, 3]),
    Buffer.from([0xff, 0xd9]),
  ]);
}

function segment(code: number, payload: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(payload.length + 2);
  return Buffer.concat([Buffer.from([0xff, code]), length, payload]);
}

describe('JpegSplitter', () => {
  it('cuts pictures that lie end to end and reads their sizes', () => {
    const first = jpeg({ width: 640, height: 360 });
    const second = jpeg({ width: 1280, height: 720 });
    const pictures = new JpegSplitter().push(Buffer.concat([first, second]));
    expect(pictures.map(({ width, height }) => [width, height])).toEqual([
      [640, 360],
      [1280, 720],
    ]);
    expect(pictures[1]?.bytes.equals(second)).toBe(true);
  });

  it('gives the same pictures whatever the chunks are', () => {
    const stream = Buffer.concat([jpeg({ width: 10, height: 20, scan: [0xff, 0, 0xff, 0xd0, 7] }), jpeg({ width: 30, height: 40 })]);
    for (let size = 1; size <= stream.length; size++) {
      const splitter = new JpegSplitter();
      const pictures = [];
      for (let at = 0; at < stream.length; at += size) pictures.push(...splitter.push(stream.subarray(at, at + size)));
      expect(Buffer.concat(pictures.map(({ bytes }) => bytes)).equals(stream)).toBe(true);
      expect(pictures).toHaveLength(2);
    }
  });

  it('does not end a picture at an end marker inside an embedded thumbnail', () => {
    const whole = jpeg({ width: 8, height: 8, extraSegment: segment(0xe1, jpeg({ width: 2, height: 2 })) });
    const pictures = new JpegSplitter().push(whole);
    expect(pictures).toHaveLength(1);
    expect(pictures[0]).toMatchObject({ width: 8, height: 8 });
    expect(pictures[0]?.bytes.equals(whole)).toBe(true);
  });

  it('keeps an unfinished picture until its end comes', () => {
    const whole = jpeg({ width: 8, height: 8, scan: [1, 0xff] });
    const splitter = new JpegSplitter();
    expect(splitter.push(whole.subarray(0, -1))).toEqual([]);
    expect(splitter.push(whole.subarray(-1))).toHaveLength(1);
  });

  it('refuses what is no JPEG', () => {
    expect(() => new JpegSplitter().push(Buffer.from('RIFF and so on'))).toThrow('no JPEG');
  });
});
