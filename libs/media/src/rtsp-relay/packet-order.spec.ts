import { describe, expect, it } from '@jest/globals';
import { PacketOrder } from './packet-order.js';

function packet(sequence: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes[0] = 0x80;
  bytes.writeUInt16BE(sequence & 0xffff, 2);
  return bytes;
}

/** Gives each round of packets and takes what may go on, by number. */
function handOn(...rounds: number[][]): number[][] {
  const order = new PacketOrder();
  return rounds.map((sequences) => {
    for (const sequence of sequences) order.put(packet(sequence));
    return order.take().map((bytes) => bytes.readUInt16BE(2));
  });
}

describe('packets of a network', () => {
  it('are put in order, past the end of their numbers too', () => {
    expect(handOn([65_534, 0, 65_535, 2, 1])).toEqual([[65_534, 65_535, 0, 1, 2]]);
  });

  it('are handed on once', () => {
    expect(handOn([1, 2, 2, 1], [2, 3])).toEqual([[1, 2], [3]]);
  });

  it('wait for one that is missing, for one round', () => {
    expect(handOn([1, 3], [2, 4])).toEqual([[1], [2, 3, 4]]);
    expect(handOn([1, 3, 4], [5], [6])).toEqual([[1], [3, 4, 5], [6]]);
    expect(handOn([1, 3], [4], [2, 5])).toEqual([[1], [3, 4], [5]]);
  });

  it('that are lost are counted', () => {
    const order = new PacketOrder();
    for (const sequence of [1, 2, 5]) order.put(packet(sequence));
    order.take();
    order.take();
    expect(order.lostCount).toBe(2);
  });

  it('never wait in any number', () => {
    const order = new PacketOrder();
    order.put(packet(0));
    for (let sequence = 2; sequence < 2_500; sequence++) order.put(packet(sequence));
    expect(order.take()).toHaveLength(2_499);
  });

  it('of a camera that began anew are taken as they are', () => {
    expect(handOn([40_000, 40_001], [7, 8])).toEqual([
      [40_000, 40_001],
      [7, 8],
    ]);
  });

  it('that are none are left out', () => {
    const order = new PacketOrder();
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(11, 0x80), Buffer.alloc(40)]) order.put(bytes);
    expect(order.take()).toEqual([]);
  });
});
