/** A box by hand: size, type, content. */
export function box(type: string, ...content: (Buffer | number[])[]): Buffer {
  const body = Buffer.concat(content.map((part) => Buffer.from(part)));
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + body.length);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, body]);
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
}

/** `moov` of a video track as FFmpeg writes it, as far as we read it. */
export function moovBytes(options: { timescale: number; sampleEntry: string }): Buffer {
  const mdhd = box('mdhd', u32(0, 0, 0, options.timescale, 0, 0));
  const stsd = box('stsd', u32(0, 1), box(options.sampleEntry, Buffer.alloc(78)));
  return box(
    'moov',
    box('mvhd', Buffer.alloc(100)),
    box('trak', box('tkhd', Buffer.alloc(84)), box('mdia', mdhd, box('minf', box('stbl', stsd)))),
  );
}

/** `moof` with samples of equal duration, given by defaults of the track. */
export function moofBytes(options: { startTicks: number; samples: number; sampleTicks: number; keyFrame: boolean }): Buffer {
  const tfhd = box('tfhd', u32(0x020038, 1, options.sampleTicks, 1_000, 0x01010000));
  const tfdt = box('tfdt', u32(0x01000000, 0, options.startTicks));
  const sizes = u32(...Array.from({ length: options.samples }, () => 10));
  const trun = options.keyFrame
    ? box('trun', u32(0x205, options.samples, 0, 0x02000000), sizes)
    : box('trun', u32(0x201, options.samples, 0), sizes);
  return box('moof', box('mfhd', u32(0, 1)), box('traf', tfhd, tfdt, trun));
}
