import type { PersonConstellationScene, Section, TimeSegment } from '@nightjar/contracts';
import type { TextSegment } from './text-segments.js';

/** What was measured on one sampled picture of a video. */
export interface MeasuredPicture {
  atSeconds: number;
  /** Change to the picture before, 0..1; 0 for the first. */
  activity: number;
  /** Mean brightness, 0 black, 1 white. */
  brightness: number;
  /** Of the persons that the detector sees, the surest one; 0 without any. */
  personConfidence: number;
}

/** All that sections are made of. */
export interface AnalysedVideo {
  durationSeconds: number;
  /** In order. */
  pictures: readonly MeasuredPicture[];
  scenes: readonly PersonConstellationScene[];
  texts: readonly TextSegment[];
}

/** The closed list of tags. */
type SectionTag = 'people' | 'crowd' | 'text' | 'activity' | 'static' | 'dark';

const crowdPersonsMin = 5;
/** Below it only noise changes. */
const staticActivityMax = 0.004;
const staticSecondsMin = 5;
/** Somebody who walks past near the camera, or a camera that moves. */
const activityMin = 0.03;
const activitySecondsMin = 1;
/** A covered lens, a black screen, a room without light. */
const darkBrightnessMax = 0.06;
const darkSecondsMin = 1;
/** Gaps shorter than this between two times of a tag are closed: a blink is no end. */
const gapSecondsMax = 1;

interface SectionRule {
  tag: SectionTag;
  /** For whoever looks at many videos: what to look at first. */
  isCritical: boolean;
  segments: (video: AnalysedVideo) => TimeSegment[];
  /** 0..1. */
  confidence: (inside: Inside) => number;
  /** The picture of the section for which this is greatest shows it best. */
  shows: (picture: MeasuredPicture, video: AnalysedVideo) => number;
}

interface Inside {
  pictures: readonly MeasuredPicture[];
  video: AnalysedVideo;
}

const rules: readonly SectionRule[] = [
  {
    tag: 'people',
    isCritical: false,
    segments: ({ scenes }) => scenes.map(({ time_segment }) => time_segment),
    confidence: ({ pictures }) => meanOf(pictures.map(({ personConfidence }) => personConfidence).filter((value) => value > 0)),
    shows: ({ atSeconds }, { scenes }) => prominenceAt(atSeconds, scenes),
  },
  {
    tag: 'crowd',
    isCritical: true,
    segments: ({ scenes }) => scenes.filter(isCrowd).map(({ time_segment }) => time_segment),
    confidence: ({ pictures }) => meanOf(pictures.map(({ personConfidence }) => personConfidence).filter((value) => value > 0)),
    shows: ({ atSeconds }, { scenes }) => scenes.find(({ time_segment }) => contains(time_segment, atSeconds))?.person_ids.length ?? 0,
  },
  {
    tag: 'text',
    isCritical: false,
    segments: ({ texts }) => texts.map(({ time_segment }) => time_segment),
    confidence: ({ video }) => meanOf(video.texts.map(({ confidence }) => confidence)),
    shows: ({ atSeconds }, { texts }) => texts.find(({ time_segment }) => contains(time_segment, atSeconds))?.full_text.length ?? 0,
  },
  {
    tag: 'activity',
    isCritical: false,
    segments: (video) => timesOf(video, { holds: ({ activity }) => activity >= activityMin, secondsMin: activitySecondsMin }),
    // Half sure at the limit, and surer the further beyond it.
    confidence: ({ pictures }) =>
      1 - 0.5 * Math.min(1, activityMin / Math.max(activityMin, meanOf(pictures.map(({ activity }) => activity)))),
    shows: ({ activity }) => activity,
  },
  {
    tag: 'static',
    isCritical: false,
    segments: (video) => timesOf(video, { holds: ({ activity }) => activity <= staticActivityMax, secondsMin: staticSecondsMin }),
    confidence: ({ pictures }) => 1 - 0.5 * Math.min(1, meanOf(pictures.map(({ activity }) => activity)) / staticActivityMax),
    shows: () => 0,
  },
  {
    tag: 'dark',
    isCritical: true,
    segments: (video) => timesOf(video, { holds: ({ brightness }) => brightness <= darkBrightnessMax, secondsMin: darkSecondsMin }),
    confidence: ({ pictures }) => 1 - 0.5 * Math.min(1, meanOf(pictures.map(({ brightness }) => brightness)) / darkBrightnessMax),
    shows: () => 0,
  },
];

/**
 * Tells a video in sections: for each tag that holds at some time one section, with all times in which it holds. Sections of
 * different tags overlap.
 */
export function findSections(video: AnalysedVideo): Section[] {
  const activityMax = Math.max(0, ...video.pictures.map(({ activity }) => activity));
  return rules.flatMap((rule) => {
    const time_segments = joinSegments(rule.segments(video));
    if (time_segments.length === 0) return [];
    const pictures = video.pictures.filter(({ atSeconds }) => time_segments.some((segment) => contains(segment, atSeconds)));
    const activity = meanOf(pictures.map((picture) => picture.activity));
    return [
      {
        section_tag: rule.tag,
        time_segments,
        thumbnail_timestamp: thumbnailOf(time_segments, { pictures, shows: (picture) => rule.shows(picture, video) }),
        confidence: asShare(rule.confidence({ pictures, video })),
        is_critical: rule.isCritical,
        relative_activity: activityMax === 0 ? 0 : asShare(activity / activityMax),
      },
    ];
  });
}

/** Runs of pictures for which something holds; each picture stands for the time up to the next. */
function timesOf(
  { pictures, durationSeconds }: AnalysedVideo,
  rule: { holds: (picture: MeasuredPicture) => boolean; secondsMin: number },
): TimeSegment[] {
  const segments = pictures.flatMap((picture, index) => {
    const end_seconds = pictures[index + 1]?.atSeconds ?? durationSeconds;
    return rule.holds(picture) && end_seconds > picture.atSeconds ? [{ start_seconds: picture.atSeconds, end_seconds }] : [];
  });
  return joinSegments(segments).filter(({ start_seconds, end_seconds }) => end_seconds - start_seconds >= rule.secondsMin);
}

/** Sorted, and joined where the gap between two is shorter than a second. */
function joinSegments(segments: readonly TimeSegment[]): TimeSegment[] {
  const joined: TimeSegment[] = [];
  for (const { start_seconds, end_seconds } of [...segments].sort((a, b) => a.start_seconds - b.start_seconds)) {
    const last = joined.at(-1);
    if (last && start_seconds - last.end_seconds < gapSecondsMax) last.end_seconds = Math.max(last.end_seconds, end_seconds);
    else joined.push({ start_seconds, end_seconds });
  }
  return joined;
}

/** The picture that shows the section best; the middle of its longest time when none does more than others. */
function thumbnailOf(
  segments: readonly TimeSegment[],
  { pictures, shows }: { pictures: readonly MeasuredPicture[]; shows: (picture: MeasuredPicture) => number },
): number {
  let best: { atSeconds: number; value: number } | undefined;
  for (const picture of pictures) {
    const value = shows(picture);
    if (value > (best?.value ?? 0)) best = { atSeconds: picture.atSeconds, value };
  }
  if (best) return roundSeconds(best.atSeconds);
  const longest = segments.reduce((a, b) => (b.end_seconds - b.start_seconds > a.end_seconds - a.start_seconds ? b : a));
  return roundSeconds((longest.start_seconds + longest.end_seconds) / 2);
}

function isCrowd({ person_ids }: PersonConstellationScene): boolean {
  return person_ids.length >= crowdPersonsMin;
}

function prominenceAt(atSeconds: number, scenes: readonly PersonConstellationScene[]): number {
  const scene = scenes.find(({ time_segment }) => contains(time_segment, atSeconds));
  return scene?.person_ids.reduce((sum, person) => sum + person.relative_prominence, 0) ?? 0;
}

function contains({ start_seconds, end_seconds }: TimeSegment, seconds: number): boolean {
  return seconds >= start_seconds && seconds < end_seconds;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function asShare(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;
}

function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
