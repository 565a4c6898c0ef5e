import { describe, expect, it } from '@jest/globals';
import { ByteTracker } from './byte-tracker.js';
import { crowdScene, randomNumbers, type SceneFrame } from './crowd-scene.fixture.js';
import { identityF1, type IdentifiedDetection } from './identity-score.fixture.js';
import { WrittenOutTracker } from './written-out-tracker.fixture.js';

function byOurs(frames: readonly SceneFrame[]): IdentifiedDetection[] {
  const tracker = new ByteTracker();
  return frames.flatMap(({ atMs, detections }) => {
    const ids = new Map(tracker.update(detections, atMs).map(({ detection, trackId }) => [detection, trackId]));
    return detections.map((detection) => ({ person: detection.person, trackId: ids.get(detection) ?? 0 }));
  });
}

function writtenOut(frames: readonly SceneFrame[]): IdentifiedDetection[] {
  const tracker = new WrittenOutTracker();
  return frames.flatMap(({ atMs, detections }) => {
    const ids = tracker.update(detections, atMs);
    return detections.map(({ person }, index) => ({ person, trackId: ids[index]! }));
  });
}

describe('ByteTracker beside the method as it is written in the paper', () => {
  it.each([
    { seed: 1, persons: 4, framesPerSecond: 30, seconds: 12, atLeast: 0.9 },
    { seed: 2, persons: 7, framesPerSecond: 30, seconds: 12, atLeast: 0.8 },
    { seed: 3, persons: 7, framesPerSecond: 10, seconds: 20, atLeast: 0.8 },
    { seed: 4, persons: 5, framesPerSecond: 4, seconds: 40, atLeast: 0.5 },
  ])('joins the same detections where $persons people cross and hide each other, at $framesPerSecond fps', ({ atLeast, ...scene }) => {
    const frames = crowdScene(scene);
    const [ours, theirs] = [byOurs(frames), writtenOut(frames)];
    const [score, expected] = [identityF1(ours), identityF1(theirs)];
    expect(score.toFixed(3)).toBe(expected.toFixed(3));
    expect(ours).toEqual(theirs);
    expect(score).toBeGreaterThan(atLeast);
    // Otherwise the scene proves nothing.
    expect(frames.flatMap(({ detections }) => detections).filter(({ score: given }) => given < 0.45).length).toBeGreaterThan(10);
  });

  it('scores what it should: one track for a person is 1, a person cut in two halves is less', () => {
    const seen = (person: number, trackId: number, times: number) => Array.from({ length: times }, () => ({ person, trackId }));
    expect(identityF1([...seen(1, 7, 10), ...seen(2, 9, 10)])).toBe(1);
    expect(identityF1([...seen(1, 7, 5), ...seen(1, 8, 5)])).toBe(0.5);
    expect(identityF1([...seen(1, 7, 10), ...seen(2, 7, 10)])).toBe(0.5);
  });
});

describe('an occlusion of three seconds', () => {
  it.each([{ framesPerSecond: 30 }, { framesPerSecond: 10 }, { framesPerSecond: 4 }])(
    'leaves the ids of walkers as they were, at $framesPerSecond fps',
    ({ framesPerSecond }) => {
      const random = randomNumbers(5);
      const tracker = new ByteTracker();
      const ids = [new Set<number>(), new Set<number>()];
      for (let frame = 0; frame <= 9 * framesPerSecond; frame++) {
        const seconds = frame / framesPerSecond;
        const tremble = () => (random() - 0.5) * 4;
        const people = [100 + 60 * seconds, 1_100 - 50 * seconds].map((x, person) => {
          const y1 = 200 + 300 * person + tremble();
          return { box: { x1: x - 40 + tremble(), y1, x2: x + 40 + tremble(), y2: y1 + 200 }, score: 0.9, label: 'person', person };
        });
        const isHidden = seconds > 4 && seconds < 7;
        for (const { detection, trackId } of tracker.update(isHidden ? [] : people, seconds * 1_000)) ids[detection.person]!.add(trackId);
      }
      expect(ids.map((each) => each.size)).toEqual([1, 1]);
    },
  );
});
