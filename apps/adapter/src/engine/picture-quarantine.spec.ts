import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { PictureQuarantine } from './picture-quarantine.js';

const deadly = Buffer.from('deadly');

describe('PictureQuarantine', () => {
  it('knows a picture by its content and lets others pass', () => {
    const quarantine = new PictureQuarantine(new FakeClock());
    quarantine.add(deadly);
    expect(quarantine.has(Buffer.from('deadly'))).toBe(true);
    expect(quarantine.has(Buffer.from('harmless'))).toBe(false);
  });

  it('releases after ten minutes', () => {
    const clock = new FakeClock();
    const quarantine = new PictureQuarantine(clock);
    quarantine.add(deadly);
    clock.advance(10 * 60_000 - 1);
    expect(quarantine.has(deadly)).toBe(true);
    clock.advance(1);
    expect(quarantine.has(deadly)).toBe(false);
  });

  it('takes a second hang over a picture that nobody waited for like two deaths', () => {
    const clock = new FakeClock();
    const quarantine = new PictureQuarantine(clock);
    quarantine.addAfterSecondHang(deadly);
    expect(quarantine.has(deadly)).toBe(false);
    quarantine.addAfterSecondHang(Buffer.from('another'));
    clock.advance(10 * 60_000);
    quarantine.addAfterSecondHang(deadly);
    expect(quarantine.size).toBe(0);
    quarantine.addAfterSecondHang(deadly);
    expect(quarantine.has(deadly)).toBe(true);
  });

  it('stays bounded', () => {
    const quarantine = new PictureQuarantine(new FakeClock());
    for (let i = 0; i < 300; i++) quarantine.add(Buffer.from(String(i)));
    expect(quarantine.size).toBe(256);
    expect(quarantine.has(Buffer.from('299'))).toBe(true);
  });
});
