import { describe, expect, it } from '@jest/globals';
import { ByteTracker, type TrackableDetection } from './byte-tracker.js';

const person = (centreX: number, options: { score?: number; top?: number; label?: string } = {}): TrackableDetection => {
  const { score = 0.9, top = 100, label = 'person' } = options;
  return { box: { x1: centreX - 20, y1: top, x2: centreX + 20, y2: top + 100 }, score, label };
};

const idsOf = (tracked: { trackId: number }[]) => tracked.map(({ trackId }) => trackId);

describe('ByteTracker', () => {
  it('gives every detection of high score an id from 1 upwards on the very first frame', () => {
    const tracked = new ByteTracker().update([person(50), person(200), person(400, { score: 0.2 })], 0);
    expect(idsOf(tracked)).toEqual([1, 2]);
  });

  it('hands back the same detection objects in the order they came', () => {
    const detections = [person(200), person(50)];
    const tracker = new ByteTracker();
    tracker.update([detections[1]!, detections[0]!], 0);
    const tracked = tracker.update(detections, 33);
    expect(tracked.map(({ detection }) => detection)).toEqual(detections);
    expect(idsOf(tracked)).toEqual([2, 1]);
  });

  it.each([
    { fps: 30, metresPerSecond: 1.4 },
    { fps: 5, metresPerSecond: 1.4 },
    { fps: 2, metresPerSecond: 1.4 },
  ])('follows a walker at $fps frames a second under one id', ({ fps, metresPerSecond }) => {
    // 100 px stand for a person of 1.7 m.
    const pixelsPerFrame = ((metresPerSecond / 1.7) * 100) / fps;
    const tracker = new ByteTracker();
    const ids = new Set<number>();
    for (let frame = 0; frame < 20; frame++) {
      idsOf(tracker.update([person(100 + frame * pixelsPerFrame)], (frame * 1000) / fps)).forEach((id) => ids.add(id));
    }
    expect([...ids]).toEqual([1]);
  });

  it('keeps both ids when two people cross', () => {
    const tracker = new ByteTracker();
    let last: number[] = [];
    for (let frame = 0; frame <= 60; frame++) {
      const leftToRight = person(100 + frame * 5);
      const rightToLeft = person(400 - frame * 5, { top: 104 });
      last = idsOf(tracker.update([leftToRight, rightToLeft], frame * 33));
    }
    expect(last).toEqual([1, 2]);
    expect(tracker.counts.tracks).toBe(2);
  });

  it('follows a walker on where the frames get another size and shape', () => {
    const tracker = new ByteTracker();
    const unscaled = new ByteTracker();
    const [scaleX, scaleY] = [0.55, 0.8];
    const scaled = ({ box, ...rest }: TrackableDetection) => ({
      ...rest,
      box: { x1: box.x1 * scaleX, y1: box.y1 * scaleY, x2: box.x2 * scaleX, y2: box.y2 * scaleY },
    });
    const ids: number[] = [];
    for (let frame = 0; frame < 20; frame++) {
      if (frame === 10) tracker.rescale(scaleX, scaleY);
      const detections = [person(600 + frame * 30), person(300, { score: frame % 3 === 0 ? 0.2 : 0.9 })];
      const tracked = tracker.update(frame < 10 ? detections : detections.map(scaled), frame * 200);
      ids.push(...idsOf(tracked));
      expect(idsOf(tracked)).toEqual(idsOf(unscaled.update(detections, frame * 200)));
    }
    expect(new Set(ids)).toEqual(new Set([1, 2]));
  });

  it('continues a half-hidden person on low scores and finds the same id again', () => {
    const tracker = new ByteTracker();
    const scores = [0.9, 0.9, 0.9, 0.2, 0.15, 0.2, 0.8];
    const ids = scores.flatMap((score, frame) => idsOf(tracker.update([person(100 + frame * 3, { score })], frame * 33)));
    expect(ids).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  it('never begins a track on a low score, and drops what is below the low score', () => {
    const tracker = new ByteTracker();
    expect(tracker.update([person(100, { score: 0.3 })], 0)).toEqual([]);
    tracker.update([person(100)], 33);
    expect(tracker.update([person(100, { score: 0.05 })], 66)).toEqual([]);
  });

  it('does not wake a lost track on a low score', () => {
    const tracker = new ByteTracker();
    tracker.update([person(100)], 0);
    tracker.update([], 33);
    expect(tracker.update([person(100, { score: 0.3 })], 66)).toEqual([]);
  });

  it('finds a walker again behind a pillar, where his motion takes him', () => {
    const tracker = new ByteTracker();
    const frames = Array.from({ length: 60 }, (_, frame) => frame);
    const ids = frames.flatMap((frame) => {
      const hidden = frame >= 25 && frame < 40;
      return idsOf(tracker.update(hidden ? [] : [person(100 + frame * 4)], frame * 33));
    });
    expect(new Set(ids)).toEqual(new Set([1]));
  });

  it('takes who comes back after the lost-track time for someone new', () => {
    const tracker = new ByteTracker({ lostTrackMs: 1_000 });
    tracker.update([person(100)], 0);
    tracker.update([], 500);
    expect(idsOf(tracker.update([person(100)], 1_001))).toEqual([2]);
  });

  it('never joins objects of different labels', () => {
    const tracker = new ByteTracker();
    tracker.update([person(100)], 0);
    expect(idsOf(tracker.update([person(100, { label: 'dog' })], 33))).toEqual([2]);
  });

  it('bounds the tracks, still gives every detection its own id, and counts', () => {
    const crowd = Array.from({ length: 60 }, (_, index) => person(index * 100));
    const tracker = new ByteTracker({ maxTracks: 50 });
    expect(new Set(idsOf(tracker.update(crowd, 0))).size).toBe(60);
    expect(tracker.counts).toEqual({ tracks: 50, overCap: 10, evicted: 0 });
  });

  it('lets a lost track make room for someone in view', () => {
    const tracker = new ByteTracker({ maxTracks: 2 });
    tracker.update([person(100), person(300)], 0);
    tracker.update([person(300)], 33);
    expect(idsOf(tracker.update([person(300), person(900)], 66))).toEqual([2, 3]);
    expect(tracker.counts).toEqual({ tracks: 2, overCap: 0, evicted: 1 });
  });

  it('treats a frame from the past as simultaneous', () => {
    const tracker = new ByteTracker();
    tracker.update([person(100)], 1_000);
    expect(idsOf(tracker.update([person(101)], 900))).toEqual([1]);
  });

  it('gives the same ids for the same frames', () => {
    const run = () => {
      const tracker = new ByteTracker();
      return Array.from({ length: 30 }, (_, frame) =>
        idsOf(tracker.update([person(100 + frame * 9), person(300 - frame * 6), person(200, { top: 40 })], frame * 100)),
      );
    };
    expect(run()).toEqual(run());
  });
});
