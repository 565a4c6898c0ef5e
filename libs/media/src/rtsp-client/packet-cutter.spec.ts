import { describe, expect, it } from '@jest/globals';
import { PacketCutter } from './packet-cutter.js';

const packet = (channel: number, text: string) =>
  Buffer.concat([Buffer.from([0x24, channel, text.length >> 8, text.length & 0xff]), Buffer.from(text)]);

describe('packets inside of an RTSP connection', () => {
  it('come out whole, wherever what was read began and ended', () => {
    const stream = Buffer.concat([packet(0, 'first'), packet(1, ''), packet(0, 'x'.repeat(300)), packet(2, '$$')]);
    for (let step = 1; step <= stream.length; step++) {
      const cut: string[] = [];
      const cutter = new PacketCutter((channel, bytes) => cut.push(`${channel} ${bytes.toString()}`));
      for (let at = 0; at < stream.length; at += step) cutter.push(stream.subarray(at, at + step));
      expect(cut).toEqual(['0 first', '1 ', `0 ${'x'.repeat(300)}`, '2 $$']);
    }
  });
});
