import type { OcrResult, TextOnFrame, TimeSegment } from '@nightjar/contracts';
import { fullText, linesInOrder, voteLanguage } from '../read-lines.js';
import { isSameReading, normalise } from './same-text.js';

/** What was read on one picture. Until the next one that was read, nothing on screen changed, or nobody looked. */
export interface ReadPicture {
  atSeconds: number;
  lines: readonly TextOnFrame[];
}

/** A time in which the same text is on screen. */
export interface TextSegment extends OcrResult {
  /** Mean of the lines, 0..1. */
  confidence: number;
}

/** A line of text over the pictures of one shot on which it was read. */
interface LineTrack {
  /** The surest reading, which is told. */
  best: TextOnFrame;
  /** What the last reading said, normalised. */
  said: string;
  /** Index among the pictures of the shot. */
  first: number;
  last: number;
}

/** Lines of one picture; each is compared with each of the picture before. */
const linesMax = 40;
const textCharactersMax = 2_000;
/** A line that was missed on one picture between two is the same line. */
const missedMax = 1;

/**
 * Joins what was read on single pictures into times in which the same text is on screen, within shots. Lines are followed from
 * picture to picture by what they say; a time ends where a line comes or goes. Of the readings of a line the surest one is told.
 * Picture n stands for the time from itself to the next one, the first of a shot for the time from the cut on.
 */
export function joinText(pictures: readonly ReadPicture[], shots: readonly TimeSegment[]): TextSegment[] {
  let next = 0;
  return shots.flatMap((shot) => {
    const inShot: ReadPicture[] = [];
    for (let picture = pictures[next]; picture && picture.atSeconds < shot.end_seconds; picture = pictures[++next]) inShot.push(picture);
    return segmentsOf(inShot, shot);
  });
}

function segmentsOf(pictures: readonly ReadPicture[], shot: TimeSegment): TextSegment[] {
  const tracks = followLines(pictures.map(({ lines }) => readableLines(lines)));
  const segments: TextSegment[] = [];
  let shown: LineTrack[] = [];
  pictures.forEach((_picture, index) => {
    const now = tracks.filter(({ first, last }) => first <= index && index <= last);
    const startSeconds = index === 0 ? shot.start_seconds : (pictures[index]?.atSeconds ?? 0);
    const endSeconds = pictures[index + 1]?.atSeconds ?? shot.end_seconds;
    const current = segments.at(-1);
    const goesOn = current?.time_segment.end_seconds === startSeconds && isSameSet(shown, now);
    shown = now;
    if (goesOn) current.time_segment.end_seconds = endSeconds;
    else if (now.length > 0) segments.push(describe(now, { start_seconds: startSeconds, end_seconds: endSeconds }));
  });
  return segments;
}

/** The lines of a picture of a video that count, in reading order. */
export function readableLines(lines: readonly TextOnFrame[]): TextOnFrame[] {
  return linesInOrder(lines, linesMax);
}

function followLines(pictures: readonly (readonly TextOnFrame[])[]): LineTrack[] {
  const tracks: LineTrack[] = [];
  pictures.forEach((lines, index) => {
    const open = new Set(tracks.filter(({ last }) => index - last <= 1 + missedMax));
    const continued = (line: TextOnFrame, said: string, isSame: (a: string, b: string) => boolean) => {
      const track = [...open].find((each) => isSame(each.said, said));
      if (!track) return false;
      open.delete(track);
      Object.assign(track, { last: index, said, best: line.confidence > track.best.confidence ? line : track.best });
      return true;
    };
    const read = lines.map((line) => ({ line, said: normalise(line.text) }));
    // Who says the very same goes first: it is cheap, and a line that was misread must not take its place.
    const changed = read.filter(({ line, said }) => !continued(line, said, (a, b) => a === b));
    for (const { line, said } of changed)
      if (!continued(line, said, isSameReading)) tracks.push({ best: line, said, first: index, last: index });
  });
  return tracks;
}

function isSameSet(a: readonly LineTrack[], b: readonly LineTrack[]): boolean {
  return a.length === b.length && a.every((track) => b.includes(track));
}

function describe(tracks: readonly LineTrack[], time_segment: TimeSegment): TextSegment {
  const best = readableLines(tracks.map((track) => track.best));
  return {
    language_code: voteLanguage(best),
    full_text: fullText(
      best.map(({ text }) => text),
      textCharactersMax,
    ),
    time_segment,
    confidence: best.reduce((sum, { confidence }) => sum + confidence, 0) / Math.max(1, best.length),
  };
}
