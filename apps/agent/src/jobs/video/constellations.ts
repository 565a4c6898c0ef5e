import type { InferenceResult, PersonConstellationScene, TimeSegment } from '@nightjar/contracts';
import { boxArea, clipBox, xyxyFromLtwh } from '@nightjar/geometry';
import { ByteTracker, defaultByteTrackerOptions } from '@nightjar/tracking';
import { unidentifiedPerson } from '../person-id.js';

/** What the detector found on one sampled picture. */
export interface AnalysedFrame {
  atSeconds: number;
  found: Pick<InferenceResult, 'detections' | 'picture'>;
}

/** Who is on one frame: the person's number and the share of the frame's area that its box takes. */
type Sightings = ReadonlyMap<number, number>;

interface FrameInShot {
  startSeconds: number;
  shot: number;
  sightings: Sightings;
}

/** A run of frames of one shot on which the same persons are on screen. */
interface Run {
  startSeconds: number;
  endSeconds: number;
  shot: number;
  persons: ReadonlySet<number>;
  frames: FrameInShot[];
}

/** A run shorter than this is a detector that blinked, or somebody cut off by the edge for a moment. */
const runSecondsMin = 1;
const runSecondsMax = 64;
/** Persons over all scenes together: with more, the answer outgrows one message on the bus. */
const personEntriesMax = 4_000;
/** Seen on one frame only, in a shot that has several: more likely a mistake of the detector than a person. */
const framesSeenMin = 2;

/**
 * Groups a video into scenes in which the same set of persons is on screen.
 * 1. Persons are followed within each shot; a cut ends every track (without faces nobody can say who came back).
 * 2. A person counts as on screen from its first to its last sighting in the shot.
 * 3. Frames with the same set form a run; a run begins at its first frame, or at the cut before it.
 * 4. A run of less than a second joins the neighbour in its shot whose set is most like its own, the longer one if equal.
 *    When the answer would hold more than 4,000 persons, that second is doubled until it does not; then the least prominent go.
 * Runs without a person are no scenes. `relative_prominence` of a person is the mean over the scene's frames of
 * (box area / frame area), 0 where it was not seen: its share of the frame while seen, times its share of the scene's time.
 */
export function groupConstellations(options: {
  frames: readonly AnalysedFrame[];
  shots: readonly TimeSegment[];
}): PersonConstellationScene[] {
  const frames = followPersons(options.frames, options.shots);
  const runs = formRuns(frames, options.shots);
  let scenes: PersonConstellationScene[] = [];
  for (let secondsMin = runSecondsMin; secondsMin <= runSecondsMax; secondsMin *= 2) {
    scenes = mergeShortRuns(runs, secondsMin).flatMap((run) => (run.persons.size === 0 ? [] : [sceneOf(run)]));
    if (countPersons(scenes) <= personEntriesMax) return scenes;
  }
  return keepMostProminent(scenes);
}

function countPersons(scenes: readonly PersonConstellationScene[]): number {
  return scenes.reduce((sum, scene) => sum + scene.person_ids.length, 0);
}

/** A crowd in hundreds of shots: shots can't be joined, so the least prominent persons go. */
function keepMostProminent(scenes: readonly PersonConstellationScene[]): PersonConstellationScene[] {
  const prominences = scenes.flatMap((scene) => scene.person_ids.map((person) => person.relative_prominence)).sort((a, b) => b - a);
  const prominenceMin = prominences[personEntriesMax] ?? 0;
  return scenes.flatMap((scene) => {
    const person_ids = scene.person_ids.filter((person) => person.relative_prominence > prominenceMin);
    return person_ids.length === 0 ? [] : [{ ...scene, person_ids }];
  });
}

function followPersons(frames: readonly AnalysedFrame[], shots: readonly TimeSegment[]): FrameInShot[] {
  const lostTrackMs = Math.max(defaultByteTrackerOptions.lostTrackMs, 3_000 * secondsBetween(frames));
  let persons = 0;
  return shots.flatMap((shot, shotIndex) => {
    const tracker = new ByteTracker({ lostTrackMs });
    const inShot = frames.filter(({ atSeconds }) => atSeconds >= shot.start_seconds && atSeconds < shot.end_seconds);
    const numberOf = new Map<number, number>();
    return withoutGlimpses(
      inShot.map(({ atSeconds, found }) => {
        const sightings = new Map<number, number>();
        for (const { trackId, areaShare } of trackFrame(tracker, found, atSeconds)) {
          const person = numberOf.get(trackId) ?? ++persons;
          numberOf.set(trackId, person);
          sightings.set(person, areaShare);
        }
        return { startSeconds: atSeconds, shot: shotIndex, sightings };
      }),
    );
  });
}

function trackFrame(tracker: ByteTracker, found: AnalysedFrame['found'], atSeconds: number): { trackId: number; areaShare: number }[] {
  const size = { width: found.picture.w, height: found.picture.h };
  const persons = found.detections.flatMap(({ bbox: [left, top, width, height], confidence, label }) =>
    label === 'person' ? [{ box: clipBox(xyxyFromLtwh({ left, top, width, height }), size), score: confidence, label }] : [],
  );
  return tracker
    .update(persons, atSeconds * 1_000)
    .map(({ detection, trackId }) => ({ trackId, areaShare: boxArea(detection.box) / (size.width * size.height) }));
}

function secondsBetween(frames: readonly AnalysedFrame[]): number {
  const [first, second] = frames;
  return first && second ? second.atSeconds - first.atSeconds : 0;
}

function withoutGlimpses(frames: FrameInShot[]): FrameInShot[] {
  if (frames.length <= framesSeenMin) return frames;
  const seen = new Map<number, number>();
  for (const { sightings } of frames) for (const person of sightings.keys()) seen.set(person, (seen.get(person) ?? 0) + 1);
  return frames.map((frame) => ({
    ...frame,
    sightings: new Map([...frame.sightings].filter(([person]) => (seen.get(person) ?? 0) >= framesSeenMin)),
  }));
}

function formRuns(frames: readonly FrameInShot[], shots: readonly TimeSegment[]): Run[] {
  const lastFrameOf = new Map<number, number>();
  frames.forEach(({ sightings }, index) => {
    for (const person of sightings.keys()) lastFrameOf.set(person, index);
  });
  const runs: Run[] = [];
  let onScreen = new Set<number>();
  frames.forEach((frame, index) => {
    // Whoever came and was not yet seen for the last time.
    onScreen = new Set([...onScreen, ...frame.sightings.keys()].filter((person) => (lastFrameOf.get(person) ?? -1) >= index));
    const run = runs.at(-1);
    if (run && run.shot === frame.shot && equalSets(run.persons, onScreen)) {
      run.frames.push(frame);
      return;
    }
    const shot = shots[frame.shot];
    const sameShot = run?.shot === frame.shot;
    const startSeconds = sameShot ? frame.startSeconds : (shot?.start_seconds ?? frame.startSeconds);
    if (run && sameShot) run.endSeconds = startSeconds;
    runs.push({ startSeconds, endSeconds: shot?.end_seconds ?? startSeconds, shot: frame.shot, persons: onScreen, frames: [frame] });
  });
  return runs;
}

function mergeShortRuns(runs: readonly Run[], secondsMin: number): Run[] {
  const merged = [...runs];
  for (;;) {
    const at = indexOfShortest(merged, secondsMin);
    if (at === undefined) return merged;
    const run = merged[at];
    const neighbourAt = run && mostAlike(run, merged, at);
    const neighbour = neighbourAt === undefined ? undefined : merged[neighbourAt];
    if (!run || !neighbour || neighbourAt === undefined) return merged;
    merged.splice(Math.min(at, neighbourAt), 2, join(run, neighbour));
    joinEqualNeighbours(merged, Math.min(at, neighbourAt));
  }
}

/** The shortest run below the limit that has a neighbour in its shot to join. */
function indexOfShortest(runs: readonly Run[], secondsMin: number): number | undefined {
  let shortest: number | undefined;
  let shortestSeconds = secondsMin;
  runs.forEach((run, index) => {
    const hasNeighbour = runs[index - 1]?.shot === run.shot || runs[index + 1]?.shot === run.shot;
    const seconds = run.endSeconds - run.startSeconds;
    if (!hasNeighbour || seconds >= shortestSeconds) return;
    shortest = index;
    shortestSeconds = seconds;
  });
  return shortest;
}

function mostAlike(run: Run, runs: readonly Run[], at: number): number | undefined {
  const neighbours = [at - 1, at + 1].filter((index) => runs[index]?.shot === run.shot);
  const rank = (index: number) => {
    const other = runs[index];
    return other ? similarity(run.persons, other.persons) * 1e6 + (other.endSeconds - other.startSeconds) : -1;
  };
  return neighbours.sort((a, b) => rank(b) - rank(a))[0];
}

/** The absorbing run keeps its persons. */
function join(absorbed: Run, absorbing: Run): Run {
  const frames = [...absorbed.frames, ...absorbing.frames].sort((a, b) => a.startSeconds - b.startSeconds);
  return {
    ...absorbing,
    frames,
    startSeconds: Math.min(absorbed.startSeconds, absorbing.startSeconds),
    endSeconds: Math.max(absorbed.endSeconds, absorbing.endSeconds),
  };
}

function joinEqualNeighbours(runs: Run[], around: number): void {
  for (const at of [around, around - 1]) {
    const [run, next] = [runs[at], runs[at + 1]];
    if (run && next && run.shot === next.shot && equalSets(run.persons, next.persons)) runs.splice(at, 2, join(run, next));
  }
}

/** Jaccard: shared persons among all persons of both; two empty sets are alike. */
function similarity(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  const shared = [...a].filter((person) => b.has(person)).length;
  const all = a.size + b.size - shared;
  return all === 0 ? 1 : shared / all;
}

function equalSets(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  return a.size === b.size && [...a].every((person) => b.has(person));
}

function sceneOf(run: Run): PersonConstellationScene {
  const person_ids = [...run.persons].map((person) => {
    const areaShares = run.frames.map(({ sightings }) => sightings.get(person) ?? 0);
    return unidentifiedPerson(areaShares.reduce((sum, share) => sum + share, 0) / areaShares.length);
  });
  return { time_segment: { start_seconds: run.startSeconds, end_seconds: run.endSeconds }, person_ids };
}
