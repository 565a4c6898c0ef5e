import { describe, expect, it } from '@jest/globals';
import { StreamChoice } from './stream-choice.js';

const minuteMs = 60_000;
const [url, mainUrl] = ['rtsp://10.0.0.1/sub', 'rtsp://10.0.0.1/main'];
const large = { width: 640, height: 360 };

function failing(): StreamChoice {
  const choice = new StreamChoice({ url, mainUrl });
  for (const atMs of [0, 1, 2]) choice.failed('no stream', atMs);
  return choice;
}

describe('the stream of a camera that is analysed', () => {
  it('is the only one of a camera that has one, whatever happens to it', () => {
    const choice = new StreamChoice({ url, mainUrl: null });
    for (const atMs of [0, 1, 2, 3]) choice.failed('away', atMs);
    expect(choice.saw({ width: 160, height: 120 }, 4)).toBe(false);
    expect(choice).toMatchObject({ stream: 'main', url, mainBecause: null });
  });

  it('is the substream where there is one, and stays so when it goes and comes back', () => {
    const choice = new StreamChoice({ url, mainUrl });
    expect(choice.saw(large, 1)).toBe(false);
    choice.failed('away', 0);
    choice.failed('away', 1);
    choice.saw(large, 1);
    choice.failed('away', 2);
    expect(choice).toMatchObject({ stream: 'sub', url, mainBecause: null });
  });

  it('is the main stream once the substream failed three times, with the reason', () => {
    expect(failing()).toMatchObject({ stream: 'main', url: mainUrl, mainBecause: 'the substream fails: no stream' });
  });

  it('is the substream again after ten minutes, and after twice as long when it fails again', () => {
    const choice = failing();
    choice.saw({ width: 1_280, height: 720 }, 3);
    expect(choice.retry(9 * minuteMs)).toBe(false);
    expect(choice.retry(11 * minuteMs)).toBe(true);
    expect(choice).toMatchObject({ stream: 'sub', mainBecause: null });
    choice.failed('no stream', 11 * minuteMs);
    expect(choice.stream).toBe('main');
    expect(choice.retry(30 * minuteMs)).toBe(false);
    expect(choice.retry(32 * minuteMs)).toBe(true);
  });

  it('is each in turn while neither gives a picture', () => {
    const choice = failing();
    choice.failed('away', 3);
    expect(choice.stream).toBe('sub');
    choice.failed('away', 4);
    expect(choice.stream).toBe('main');
  });

  it('is the main stream where pictures of the substream are too small, and the substream when that is all there is', () => {
    const choice = new StreamChoice({ url, mainUrl });
    const small = { width: 176, height: 144 };
    expect(choice.saw(small, 0)).toBe(true);
    expect(choice).toMatchObject({ stream: 'main', mainBecause: 'the pictures of the substream are too small (176 × 144)' });
    expect(choice.retry(1_000 * minuteMs)).toBe(false);
    choice.failed('no main stream', 0);
    expect(choice.stream).toBe('sub');
    expect(choice.saw(small, 1)).toBe(false);
    expect(choice.saw(small, 11 * minuteMs)).toBe(true);
  });
});
