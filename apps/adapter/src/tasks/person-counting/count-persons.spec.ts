import { describe, expect, it } from '@jest/globals';
import { countPersons } from './count-persons.js';

const picture = { width: 640, height: 360 };
const tracked = (trackId: number, score: number, x1: number) => ({
  trackId,
  hits: 1,
  bornAtMs: 0,
  detection: { box: { x1, y1: 10.4, x2: x1 + 50.2, y2: 110.6 }, label: 'person', classId: 0, score },
});

describe('countPersons', () => {
  it('counts, averages the scores, and gives boxes as left, top, width, height in whole pixels', () => {
    expect(countPersons([tracked(1, 0.9, 100), tracked(7, 0.6, 620)], picture)).toEqual({
      count: 2,
      confidence: 0.75,
      detections: [
        { bbox: [100, 10, 50, 101], confidence: 0.9, track_id: 1, class_name: 'person' },
        { bbox: [620, 10, 20, 101], confidence: 0.6, track_id: 7, class_name: 'person' },
      ],
    });
  });

  it('answers zero with a confidence of 0 when nobody is there', () => {
    expect(countPersons([], picture)).toEqual({ count: 0, confidence: 0, detections: [] });
  });
});
