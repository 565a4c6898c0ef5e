import { describe, expect, it } from '@jest/globals';
import { keptMemorySlackBytes, ReturnedMemory } from './returned-memory.js';

const mebibyte = 1024 ** 2;
const tell = (memory: ReturnedMemory, keptMiB: number, unloads: number) =>
  memory.isKept({ residentBytes: 500 * mebibyte + keptMiB * mebibyte, accountedBytes: 500 * mebibyte, unloads });

describe('ReturnedMemory', () => {
  it('has patience with a process that unloaded nothing, whatever it takes', () => {
    const memory = new ReturnedMemory();
    expect(Array.from({ length: 50 }, () => tell(memory, 2_000, 0)).some(Boolean)).toBe(false);
  });

  it('notices one that keeps more than the slack after an unload, when it has looked for a while', () => {
    const memory = new ReturnedMemory();
    expect(keptMemorySlackBytes).toBe(128 * mebibyte);
    const looked = Array.from({ length: 10 }, () => tell(memory, 129, 1));
    expect(looked).toEqual([...Array<boolean>(9).fill(false), true]);
  });

  it('is content when the memory was back at any of the looks: pictures in work come and go', () => {
    const memory = new ReturnedMemory();
    const looked = Array.from({ length: 40 }, (_, i) => tell(memory, i % 9 === 0 ? 30 : 600, 1));
    expect(looked.some(Boolean)).toBe(false);
  });

  it('looks anew after every unload', () => {
    const memory = new ReturnedMemory();
    const looked = Array.from({ length: 40 }, (_, i) => tell(memory, 300, 1 + Math.floor(i / 5)));
    expect(looked.some(Boolean)).toBe(false);
  });
});
