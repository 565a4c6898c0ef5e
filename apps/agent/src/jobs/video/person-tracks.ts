import type { InferenceResult, TimeSegment } from '@nightjar/contracts';
import { boxArea, clipBox, normaliseBox, xyxyFromLtwh, type BoxXyxy } from '@nightjar/geometry';
import { ByteTracker, defaultByteTrackerOptions } from '@nightjar/tracking';

/** What the detector found on one sampled picture. */
export interface AnalysedFrame {
  atSeconds: number;
  found: Pick<InferenceResult, 'detections' | 'picture'>;
}

/** Where somebody is on one frame. */
interface Sighting {
  /** As shares of the picture's width and height. */
  box: BoxXyxy;
  /** Share of the frame's area that the box takes. */
  areaShare: number;
  confidence: number;
}

/** Who is on one frame, by the number of the track. A track lies within one shot; its number is unique in the video. */
export interface TrackedFrame {
  atSeconds: number;
  /** Index of the shot. */
  shot: number;
  sightings: ReadonlyMap<number, Sighting>;
}

/** Seen on one frame only, in a shot that has several: more likely a mistake of the detector than a person. */
const framesSeenMin = 2;

/** Follows persons within each shot; a cut ends every track. */
export function followPersons(frames: readonly AnalysedFrame[], shots: readonly TimeSegment[]): TrackedFrame[] {
  const lostTrackMs = Math.max(defaultByteTrackerOptions.lostTrackMs, 3_000 * secondsBetween(frames));
  let tracks = 0;
  let next = 0;
  return shots.flatMap((shot, shotIndex) => {
    const tracker = new ByteTracker({ lostTrackMs });
    const numberOf = new Map<number, number>();
    const inShot: TrackedFrame[] = [];
    for (let frame = frames[next]; frame && frame.atSeconds < shot.end_seconds; frame = frames[++next]) {
      const sightings = new Map<number, Sighting>();
      for (const { trackId, sighting } of trackFrame(tracker, frame)) {
        const track = numberOf.get(trackId) ?? ++tracks;
        numberOf.set(trackId, track);
        sightings.set(track, sighting);
      }
      inShot.push({ atSeconds: frame.atSeconds, shot: shotIndex, sightings });
    }
    return withoutGlimpses(inShot);
  });
}

function trackFrame(tracker: ByteTracker, { atSeconds, found }: AnalysedFrame): { trackId: number; sighting: Sighting }[] {
  const size = { width: found.picture.w, height: found.picture.h };
  const persons = found.detections.flatMap(({ bbox: [left, top, width, height], confidence, label }) =>
    label === 'person' ? [{ box: clipBox(xyxyFromLtwh({ left, top, width, height }), size), score: confidence, label }] : [],
  );
  return tracker.update(persons, atSeconds * 1_000).map(({ detection, trackId }) => {
    const box = normaliseBox(detection.box, size);
    return { trackId, sighting: { box, areaShare: boxArea(box), confidence: detection.score } };
  });
}

function secondsBetween(frames: readonly AnalysedFrame[]): number {
  const [first, second] = frames;
  return first && second ? second.atSeconds - first.atSeconds : 0;
}

function withoutGlimpses(frames: TrackedFrame[]): TrackedFrame[] {
  if (frames.length <= framesSeenMin) return frames;
  const seen = new Map<number, number>();
  for (const { sightings } of frames) for (const track of sightings.keys()) seen.set(track, (seen.get(track) ?? 0) + 1);
  return frames.map((frame) => ({
    ...frame,
    sightings: new Map([...frame.sightings].filter(([track]) => (seen.get(track) ?? 0) >= framesSeenMin)),
  }));
}
