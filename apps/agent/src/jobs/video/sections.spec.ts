import { describe, expect, it } from '@jest/globals';
import { unknownFeatures } from '../person-id.js';
import { findSections, type AnalysedVideo, type MeasuredPicture } from './sections.js';

/** Two pictures a second. */
function video(pictures: readonly Partial<MeasuredPicture>[], more: Partial<AnalysedVideo> = {}): AnalysedVideo {
  return {
    durationSeconds: pictures.length / 2,
    pictures: pictures.map((each, index) => ({ atSeconds: index / 2, activity: 0.01, brightness: 0.4, personConfidence: 0, ...each })),
    scenes: [],
    texts: [],
    ...more,
  };
}

const times = <Item>(count: number, item: Item): Item[] => Array.from({ length: count }, () => item);
const segment = (start_seconds: number, end_seconds: number) => ({ start_seconds, end_seconds });
const persons = (count: number, prominence = 0.1) =>
  times(count, { ...unknownFeatures, allowlisted: false, relative_prominence: prominence });
const section = (tag: string, of: AnalysedVideo) => findSections(of).find(({ section_tag }) => section_tag === tag);

describe('findSections', () => {
  it('tells nothing of an ordinary video without persons and text', () => {
    expect(findSections(video(times(20, {})))).toEqual([]);
    expect(findSections(video([]))).toEqual([]);
  });

  it('tells where people are, shown where they take most of the picture', () => {
    const scenes = [
      { time_segment: segment(1, 3), person_ids: persons(1, 0.1) },
      { time_segment: segment(3, 4), person_ids: persons(2, 0.2) },
      { time_segment: segment(7, 8), person_ids: persons(1, 0.1) },
    ];
    const found = section('people', video(times(20, { personConfidence: 0.8 }), { scenes }));
    expect(found).toMatchObject({
      time_segments: [segment(1, 4), segment(7, 8)],
      thumbnail_timestamp: 3,
      confidence: 0.8,
      is_critical: false,
    });
    expect(section('crowd', video(times(20, {}), { scenes }))).toBeUndefined();
  });

  it('marks a crowd as critical', () => {
    const scenes = [{ time_segment: segment(2, 6), person_ids: persons(5) }];
    expect(section('crowd', video(times(20, { personConfidence: 0.7 }), { scenes }))).toMatchObject({
      time_segments: [segment(2, 6)],
      is_critical: true,
      confidence: 0.7,
    });
  });

  it('tells where text is, with the confidence of its lines', () => {
    const texts = [{ language_code: 'en', full_text: 'Lobby', time_segment: segment(2, 4), confidence: 0.9 }];
    expect(section('text', video(times(20, {}), { texts }))).toMatchObject({ time_segments: [segment(2, 4)], confidence: 0.9 });
  });

  it('tells where much moves, shown where most does, and how much of the video’s liveliest moment that is', () => {
    const pictures = [...times(6, {}), { activity: 0.05 }, { activity: 0.1 }, { activity: 0.06 }, ...times(6, {})];
    expect(section('activity', video(pictures))).toMatchObject({
      time_segments: [segment(3, 4.5)],
      thumbnail_timestamp: 3.5,
      relative_activity: 0.7,
      confidence: 0.7857,
    });
  });

  it('tells where nothing moves for five seconds, and not of a shorter pause', () => {
    const still = { activity: 0 };
    expect(section('static', video([...times(4, {}), ...times(12, still), ...times(4, {})]))).toMatchObject({
      time_segments: [segment(2, 8)],
      thumbnail_timestamp: 5,
      confidence: 1,
      relative_activity: 0,
    });
    expect(section('static', video([...times(4, {}), ...times(8, still), ...times(4, {})]))).toBeUndefined();
  });

  it('tells where the picture is dark, which somebody ought to see', () => {
    const dark = section('dark', video([...times(4, {}), ...times(4, { brightness: 0.03 }), ...times(4, {})]));
    expect(dark).toMatchObject({ time_segments: [segment(2, 4)], is_critical: true, confidence: 0.75 });
  });

  it('has its thumbnail inside one of its times, and shares within 0..1', () => {
    const pictures = Array.from({ length: 60 }, (_unused, index) => ({
      activity: (index % 7) / 40,
      brightness: (index % 11) / 80,
      personConfidence: 0.9,
    }));
    const scenes = [{ time_segment: segment(0.3, 9.9), person_ids: persons(6) }];
    const found = findSections(video(pictures, { scenes }));
    expect(found.length).toBeGreaterThan(3);
    for (const { time_segments, thumbnail_timestamp, confidence, relative_activity } of found) {
      expect(
        time_segments.some(({ start_seconds, end_seconds }) => thumbnail_timestamp >= start_seconds && thumbnail_timestamp < end_seconds),
      ).toBe(true);
      for (const share of [confidence, relative_activity]) expect(share >= 0 && share <= 1).toBe(true);
    }
  });

  it('closes gaps of less than a second', () => {
    const scenes = [
      { time_segment: segment(1, 3), person_ids: persons(1) },
      { time_segment: segment(3.9, 5), person_ids: persons(1) },
      { time_segment: segment(6, 7), person_ids: persons(1) },
    ];
    expect(section('people', video(times(20, {}), { scenes }))?.time_segments).toEqual([segment(1, 5), segment(6, 7)]);
  });
});
