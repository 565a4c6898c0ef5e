import type { PersonConstellationScene, TimeSegment } from '@nightjar/contracts';
import { personId, unknownFeatures } from '../person-id.js';
import type { TrackedFrame } from './person-tracks.js';
import type { Persons } from './persons.js';

interface FrameInRun {
  atSeconds: number;
  /** Share of the frame's area by person. */
  areaShares: ReadonlyMap<number, number>;
}

/** A run of frames of one shot on which the same persons are on screen. */
interface Run {
  startSeconds: number;
  endSeconds: number;
  shot: number;
  persons: ReadonlySet<number>;
  frames: FrameInRun[];
}

/** A run shorter than this is a detector that blinked, or somebody cut off by the edge for a moment. */
const runSecondsMin = 1;
const runSecondsMax = 64;
/** Persons over all scenes together, where nobody has a face. */
const personEntriesMax = 4_000;
/** What the persons of all scenes together may take of the 32 Mi characters of an outcome. */
const personCharactersMax = 28 * 1024 * 1024;
/** Of an entry without face: names of fields, numbers, brackets. */
const entryCharacters = 160;
/** Of one number of an embedding with its comma. */
const numberCharacters = 9;

/**
 * Groups a video into scenes in which the same set of persons is on screen.
 * 1. A track counts as on screen from its first to its last sighting; tracks lie within a shot.
 * 2. Frames with the same set of persons form a run; a run begins at its first frame, or at the cut before it.
 * 3. A run of less than a second joins the neighbour in its shot whose set is most like its own, the longer one if equal.
 *    When the answer would hold more persons than fit (4,000, or as many as have room with their faces), that second is doubled
 *    until they do; then the least prominent go.
 * Runs without a person are no scenes. `relative_prominence` of a person is the mean over the scene's frames of
 * (box area / frame area), 0 where it was not seen: its share of the frame while seen, times its share of the scene's time.
 */
export function groupConstellations(options: {
  frames: readonly TrackedFrame[];
  shots: readonly TimeSegment[];
  persons: Persons;
}): PersonConstellationScene[] {
  const { frames, shots, persons } = options;
  const entriesMax = entriesThatFit(persons);
  const runs = formRuns(frames, shots, persons);
  let scenes: PersonConstellationScene[] = [];
  for (let secondsMin = runSecondsMin; secondsMin <= runSecondsMax; secondsMin *= 2) {
    scenes = mergeShortRuns(runs, secondsMin).flatMap((run) => (run.persons.size === 0 ? [] : [sceneOf(run, persons)]));
    if (countPersons(scenes) <= entriesMax) return scenes;
  }
  return keepMostProminent(scenes, entriesMax);
}

/** By the largest of them: a person may be in every scene. */
function entriesThatFit({ features }: Persons): number {
  let largest = entryCharacters;
  for (const { face_embedding, face_thumbnail } of features.values())
    largest = Math.max(largest, entryCharacters + numberCharacters * face_embedding.length + (face_thumbnail?.length ?? 0));
  return Math.min(personEntriesMax, Math.floor(personCharactersMax / largest));
}

function countPersons(scenes: readonly PersonConstellationScene[]): number {
  return scenes.reduce((sum, scene) => sum + scene.person_ids.length, 0);
}

/** A crowd in hundreds of shots: shots can't be joined, so the least prominent persons go. */
function keepMostProminent(scenes: readonly PersonConstellationScene[], entriesMax: number): PersonConstellationScene[] {
  const prominences = scenes.flatMap((scene) => scene.person_ids.map((person) => person.relative_prominence)).sort((a, b) => b - a);
  const prominenceMin = prominences[entriesMax] ?? 0;
  return scenes.flatMap((scene) => {
    const person_ids = scene.person_ids.filter((person) => person.relative_prominence > prominenceMin);
    return person_ids.length === 0 ? [] : [{ ...scene, person_ids }];
  });
}

function formRuns(frames: readonly TrackedFrame[], shots: readonly TimeSegment[], { personOf }: Persons): Run[] {
  const lastFrameOf = new Map<number, number>();
  frames.forEach(({ sightings }, index) => {
    for (const track of sightings.keys()) lastFrameOf.set(track, index);
  });
  const runs: Run[] = [];
  let onScreen = new Set<number>();
  frames.forEach((frame, index) => {
    // Whoever came and was not yet seen for the last time.
    onScreen = new Set([...onScreen, ...frame.sightings.keys()].filter((track) => (lastFrameOf.get(track) ?? -1) >= index));
    const persons = new Set([...onScreen].map((track) => personOf.get(track) ?? track));
    const inRun = frameInRun(frame, personOf);
    const run = runs.at(-1);
    if (run && run.shot === frame.shot && equalSets(run.persons, persons)) {
      run.frames.push(inRun);
      return;
    }
    const shot = shots[frame.shot];
    const sameShot = run?.shot === frame.shot;
    const startSeconds = sameShot ? frame.atSeconds : (shot?.start_seconds ?? frame.atSeconds);
    if (run && sameShot) run.endSeconds = startSeconds;
    runs.push({ startSeconds, endSeconds: shot?.end_seconds ?? startSeconds, shot: frame.shot, persons, frames: [inRun] });
  });
  return runs;
}

function frameInRun({ atSeconds, sightings }: TrackedFrame, personOf: Persons['personOf']): FrameInRun {
  return { atSeconds, areaShares: new Map([...sightings].map(([track, { areaShare }]) => [personOf.get(track) ?? track, areaShare])) };
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
  const frames = [...absorbed.frames, ...absorbing.frames].sort((a, b) => a.atSeconds - b.atSeconds);
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

function sceneOf(run: Run, { features }: Persons): PersonConstellationScene {
  const person_ids = [...run.persons].map((person) => {
    const areaShares = run.frames.map((frame) => frame.areaShares.get(person) ?? 0);
    return personId(features.get(person) ?? unknownFeatures, areaShares.reduce((sum, share) => sum + share, 0) / areaShares.length);
  });
  return { time_segment: { start_seconds: run.startSeconds, end_seconds: run.endSeconds }, person_ids };
}
