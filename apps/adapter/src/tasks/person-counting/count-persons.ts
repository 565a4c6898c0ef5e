import { pixelLtwh, type PictureSize } from '@nightjar/geometry';
import type { TrackedDetection } from '@nightjar/tracking';
import { roundConfidence } from '../render-detections.js';
import type { DetectedObject } from '../../engine/engine-tasks.js';

/** The part of a `person_counting` answer that speaks of the picture. */
interface PersonCount {
  readonly count: number;
  /** Mean over the counted persons, 0 when there are none. */
  readonly confidence: number;
  readonly detections: readonly {
    /** Left, top, width, height in whole pixels of the picture that was sent. */
    readonly bbox: readonly [number, number, number, number];
    readonly confidence: number;
    readonly track_id: number;
    readonly class_name: string;
  }[];
}

/** Counts tracked persons on one picture and writes them as the public documentation does. */
export function countPersons(persons: readonly TrackedDetection<DetectedObject>[], picture: PictureSize): PersonCount {
  const scores = persons.map(({ detection }) => detection.score);
  const mean = scores.length === 0 ? 0 : scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return {
    count: persons.length,
    confidence: roundConfidence(mean),
    detections: persons.map(({ detection, trackId }) => ({
      bbox: pixelLtwh(detection.box, picture),
      confidence: roundConfidence(detection.score),
      track_id: trackId,
      class_name: detection.label,
    })),
  };
}
