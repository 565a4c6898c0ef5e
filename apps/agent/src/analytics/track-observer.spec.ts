import { describe, expect, it } from '@jest/globals';
import { TrackObserver } from './track-observer.js';

const boxAt = (x1: number, width = 100) => ({ x1, y1: 0, x2: x1 + width, y2: 200 });

describe('TrackObserver', () => {
  it('calls a track stationary when it has stood at one place for five seconds', () => {
    const observer = new TrackObserver();
    expect(observer.observe({ trackId: 1, box: boxAt(0), score: 0.8 }, 0).stationary).toBe(false);
    expect(observer.observe({ trackId: 1, box: boxAt(5), score: 0.8 }, 4_900).stationary).toBe(false);
    expect(observer.observe({ trackId: 1, box: boxAt(3), score: 0.8 }, 5_000).stationary).toBe(true);
    expect(observer.observe({ trackId: 1, box: boxAt(80), score: 0.8 }, 5_500).stationary).toBe(false);
  });

  it('calls the first frame of a track its best, and then each one that shows it clearly larger or surer', () => {
    const observer = new TrackObserver();
    const best = (width: number, score: number) => observer.observe({ trackId: 1, box: boxAt(0, width), score }, 0).best;
    expect([best(100, 0.5), best(100, 0.51), best(100, 0.6), best(90, 0.6), best(140, 0.6)]).toEqual([true, false, true, false, true]);
  });

  it('knows where a track stands and how it looked best when the pictures get another size', () => {
    const observer = new TrackObserver();
    observer.observe({ trackId: 1, box: boxAt(400), score: 0.8 }, 0);
    observer.rescale(0.5, 0.25);
    const small = { x1: 200, y1: 0, x2: 250, y2: 50 };
    expect(observer.observe({ trackId: 1, box: small, score: 0.8 }, 6_000)).toEqual({ stationary: true, best: false });
    expect(observer.observe({ trackId: 1, box: small, score: 0.9 }, 6_500)).toEqual({ stationary: true, best: true });
    expect(observer.hasMoved(1)).toBe(false);
  });

  it('forgets a track that was not seen for long', () => {
    const observer = new TrackObserver();
    observer.observe({ trackId: 1, box: boxAt(0), score: 0.8 }, 0);
    observer.sweep(30_001);
    expect(observer.observe({ trackId: 1, box: boxAt(0), score: 0.1 }, 30_001).best).toBe(true);
  });
});
