import { describe, expect, it } from '@jest/globals';
import { UnitSplitter, type SplitUnit } from './unit-splitter.js';

const packetBytes = 188;

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc < 0 ? 0x04c11db7 : 0);
  }
  return crc >>> 0;
}

/** A small writer of transport streams, written from the standard: what the reader is held against beside FFmpeg's own. */
class StreamWriter {
  private readonly counters = new Map<number, number>();

  tables(videoPid: number, streamType = 0x1b): Buffer {
    const programs = Buffer.from([0x00, 0xb0, 13, 0, 1, 0xc1, 0, 0, 0, 1, 0xf0, 0x00]);
    const streams = Buffer.from([
      0x02,
      0xb0,
      18,
      0,
      1,
      0xc1,
      0,
      0,
      0xe1,
      0x00,
      0xf0,
      0,
      streamType,
      0xe0 | (videoPid >> 8),
      videoPid & 255,
      0xf0,
      0,
    ]);
    return Buffer.concat([this.section(0, programs), this.section(0x1000, streams)]);
  }

  unit(pid: number, content: Buffer, options: { pts90k: number; isKey?: boolean; withLength?: boolean }): Buffer {
    const pts = BigInt(options.pts90k) & 0x1ffffffffn;
    const stamp = Buffer.from([
      Number(0x21n | ((pts >> 29n) & 0x0en)),
      Number((pts >> 22n) & 0xffn),
      Number(((pts >> 14n) & 0xfen) | 1n),
      Number((pts >> 7n) & 0xffn),
      Number(((pts << 1n) & 0xfen) | 1n),
    ]);
    const length = options.withLength === true ? content.length + 8 : 0;
    let rest = Buffer.concat([Buffer.from([0, 0, 1, 0xe0, length >> 8, length & 255, 0x80, 0x80, 5]), stamp, content]);
    const packets: Buffer[] = [];
    for (let first = true; rest.length > 0; first = false) {
      const flags = first && options.isKey === true ? 0x40 : 0;
      const fieldMin = flags === 0 ? 0 : 2;
      const taken = Math.min(rest.length, packetBytes - 4 - fieldMin);
      const fieldBytes = packetBytes - 4 - taken;
      const field = fieldBytes === 0 ? Buffer.alloc(0) : Buffer.alloc(fieldBytes, 0xff);
      if (fieldBytes > 0) field[0] = fieldBytes - 1;
      if (fieldBytes > 1) field[1] = flags;
      packets.push(Buffer.concat([this.header(pid, { starts: first, hasField: fieldBytes > 0 }), field, rest.subarray(0, taken)]));
      rest = rest.subarray(taken);
    }
    return Buffer.concat(packets);
  }

  private section(pid: number, body: Buffer): Buffer {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(body));
    const payload = Buffer.alloc(packetBytes - 4, 0xff);
    Buffer.concat([Buffer.from([0]), body, checksum]).copy(payload);
    return Buffer.concat([this.header(pid, { starts: true, hasField: false }), payload]);
  }

  private header(pid: number, { starts, hasField }: { starts: boolean; hasField: boolean }): Buffer {
    const counter = ((this.counters.get(pid) ?? 15) + 1) & 15;
    this.counters.set(pid, counter);
    return Buffer.from([0x47, (starts ? 0x40 : 0) | (pid >> 8), pid & 255, (hasField ? 0x30 : 0x10) | counter]);
  }
}

function content(length: number, seed: number): Buffer {
  return Buffer.from(Array.from({ length }, (_none, index) => (index * 7 + seed) & 255));
}

function split(stream: Buffer, chunkBytes = stream.length): { units: SplitUnit[]; splitter: UnitSplitter } {
  const splitter = new UnitSplitter();
  const units: SplitUnit[] = [];
  for (let at = 0; at < stream.length; at += chunkBytes) units.push(...splitter.push(stream.subarray(at, at + chunkBytes)));
  units.push(...splitter.end());
  return { units, splitter };
}

describe('a transport stream cut into units', () => {
  const writer = () => new StreamWriter();

  it('gives content, time and key flag of each, however the bytes are cut', () => {
    const out = writer();
    const stream = Buffer.concat([
      out.tables(0x100),
      out.unit(0x100, content(1_000, 1), { pts90k: 9_000, isKey: true }),
      out.unit(0x100, content(3, 2), { pts90k: 12_600 }),
      out.unit(0x100, content(184 * 3, 3), { pts90k: 16_200 }),
    ]);
    for (const chunkBytes of [1, 100, 188, 999, stream.length]) {
      const { units } = split(stream, chunkBytes);
      expect(units.map(({ pts90k, isKey, codec }) => [pts90k, isKey, codec])).toEqual([
        [9_000, true, 'h264'],
        [12_600, false, 'h264'],
        [16_200, false, 'h264'],
      ]);
      expect(units.map(({ bytes }) => bytes)).toEqual([content(1_000, 1), content(3, 2), content(184 * 3, 3)]);
    }
  });

  it('gives a unit with a length at once, and one without when the next begins', () => {
    const out = writer();
    const splitter = new UnitSplitter();
    expect(
      splitter.push(Buffer.concat([out.tables(0x100), out.unit(0x100, content(400, 1), { pts90k: 1, withLength: true })])),
    ).toHaveLength(1);
    expect(splitter.push(out.unit(0x100, content(400, 2), { pts90k: 2 }))).toHaveLength(0);
    expect(splitter.push(out.unit(0x100, content(400, 3), { pts90k: 3 }))).toHaveLength(1);
  });

  it('finds the packets again behind bytes that are none', () => {
    const out = writer();
    const stream = Buffer.concat([
      Buffer.from([0x47, 1, 2, 3, 0x47]),
      out.tables(0x100),
      out.unit(0x100, content(400, 1), { pts90k: 1 }),
      Buffer.alloc(77, 0x47),
      out.unit(0x100, content(400, 2), { pts90k: 2 }),
    ]);
    expect(split(stream).units.at(-1)?.bytes).toEqual(content(400, 2));
  });

  it('drops the unit that misses a packet, counts it, and ignores a packet that came twice', () => {
    const out = writer();
    const tables = out.tables(0x100);
    const broken = out.unit(0x100, content(1_000, 1), { pts90k: 1, isKey: true });
    const whole = out.unit(0x100, content(1_000, 2), { pts90k: 2 });
    const holed = Buffer.concat([broken.subarray(0, packetBytes * 2), broken.subarray(packetBytes * 3)]);
    const repeated = Buffer.concat([whole.subarray(0, packetBytes * 2), whole.subarray(packetBytes)]);
    const { units, splitter } = split(Buffer.concat([tables, holed, repeated]));
    expect(units.map(({ bytes }) => bytes)).toEqual([content(1_000, 2)]);
    expect(splitter.dropped).toBe(1);
  });

  it('follows the video to another place and codec, and says when it is none that it knows', () => {
    const out = writer();
    const stream = Buffer.concat([
      out.tables(0x100),
      out.unit(0x100, content(50, 1), { pts90k: 1 }),
      out.tables(0x101, 0x24),
      out.unit(0x101, content(50, 2), { pts90k: 2 }),
    ]);
    const { units, splitter } = split(stream);
    expect(units.map(({ codec }) => codec)).toEqual(['h264', 'hevc']);
    expect(splitter.hasForeignVideo).toBe(false);
    splitter.push(out.tables(0x101, 0x06));
    expect(splitter.hasForeignVideo).toBe(true);
  });

  it('does not believe a table with a wrong checksum', () => {
    const out = writer();
    const tables = out.tables(0x100);
    tables[packetBytes + 20] = (tables[packetBytes + 20] ?? 0) ^ 1;
    expect(split(Buffer.concat([tables, out.unit(0x100, content(50, 1), { pts90k: 1 })])).units).toEqual([]);
  });

  it('counts on when the 33 bits of the clock are full, and back for B-frames', () => {
    const out = writer();
    const full = 2 ** 33;
    const times = [full - 7_200, full - 3_600, full + 3_600, full, full + 7_200];
    const stream = Buffer.concat([
      out.tables(0x100),
      ...times.map((pts90k, index) => out.unit(0x100, content(10, index), { pts90k: pts90k % full })),
    ]);
    expect(split(stream).units.map(({ pts90k }) => pts90k)).toEqual(times);
  });

  it('is not held by a unit without an end', () => {
    const out = writer();
    const splitter = new UnitSplitter();
    splitter.push(out.tables(0x100));
    splitter.push(out.unit(0x100, Buffer.alloc(17 * 1024 * 1024), { pts90k: 1 }));
    splitter.push(out.unit(0x100, content(10, 2), { pts90k: 2 }));
    expect(splitter.end().map(({ bytes }) => bytes.length)).toEqual([10]);
    expect(splitter.dropped).toBe(1);
  });
});
