import { beforeEach, describe, expect, it } from '@jest/globals';
import type { EventReport, InferenceResult } from '@nightjar/contracts';
import { createLogger, FakeClock } from '@nightjar/runtime';
import type { SeenOn } from '../analytics/alert-events.js';
import { assignedStream } from '../analytics/analytic.fixture.js';
import type { FrameMotion } from '../analytics/frame-result.js';
import { FrameAnalysis, type FrameAnalysisParts } from './frame-analysis.js';
import { PersonEvents } from './person-events.js';

const logger = createLogger({ service: 'agent', level: 'silent' });
const quiet: FrameMotion = { share: 0, regions: [] };
const frameEveryMs = 500;
const stream = { ...assignedStream, frames_per_second: 2 };

let clock: FakeClock;
let reports: EventReport[];
let picture: { width: number; height: number };
/** Where people are, as shares of the picture; told by the number of the look. */
let standing: (look: number) => { x: number; y: number; width: number; height: number }[];
let looks: number;
let told: SeenOn[];
let analysis: FrameAnalysis;
let events: PersonEvents;

beforeEach(() => {
  clock = new FakeClock();
  reports = [];
  told = [];
  looks = 0;
  picture = { width: 1_280, height: 720 };
  standing = () => [];
  const frames = { writeEvent: () => Promise.resolve('event.jpg'), removeEvent: () => Promise.resolve() };
  events = new PersonEvents({ cameraId: 1, frames, reporter: { report: (one) => void reports.push(one) }, session: 's', clock, logger });
  analysis = new FrameAnalysis({
    dispatcher: { infer: () => Promise.resolve(detect()) },
    lane: 'live',
    timeoutMs: 2_000,
    results: { publish: () => undefined } as unknown as FrameAnalysisParts['results'],
    events,
    analytics: { labels: ['person'], update: (seenOn: SeenOn) => (told.push(seenOn), {}) } as unknown as FrameAnalysisParts['analytics'],
    clock,
    logger,
  });
});

/** A detector that does not know regions and sees the whole picture at each look. */
function detect(): InferenceResult {
  const { height, width } = picture;
  const detections = standing(++looks).map((person) => ({
    bbox: [person.x * width, person.y * height, person.width * width, person.height * height] as [number, number, number, number],
    confidence: 0.9,
    label: 'person',
  }));
  const model = { name: 'm', version: '1', fingerprint: 'f' };
  return { detections, model_input: { w: 416, h: 416 }, picture: { w: width, h: height }, model, latency_ms: 1 };
}

async function play(frames: number, motion: FrameMotion | undefined = quiet): Promise<void> {
  for (let frame = 0; frame < frames; frame++) {
    clock.advance(frameEveryMs);
    const moment = { capturedAtMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    const { signal } = new AbortController();
    await analysis.analyse({ picture: { bytes: Buffer.alloc(10), ...picture }, ...moment, motion }, stream, signal);
  }
}

const counts = () => told.map(({ result }) => result.found.length);
const person = { x: 0.7, y: 0.4, width: 0.06, height: 0.28 };

describe('the analysis of one frame after the other', () => {
  it('makes no event of what a detector saw on one look alone, whether frames come or the camera sleeps', async () => {
    // The first two looks are at the beginning; the third verifies that nobody came unnoticed.
    standing = (look) => (look === 3 ? [person] : []);
    await play(1, undefined);
    while (looks < 3) await play(1);
    for (let second = 0; second < 10; second++) {
      clock.advance(1_000);
      analysis.again();
    }
    await play(40);
    await events.closeAll();
    expect(Math.max(...counts())).toBe(1);
    expect(counts().at(-1)).toBe(0);
    expect(reports).toEqual([]);
  });

  it('goes on telling of who stands there while the camera sleeps', async () => {
    standing = () => [person];
    await play(4);
    for (let second = 0; second < 10; second++) {
      clock.advance(1_000);
      expect(analysis.again()).toBe(true);
    }
    await play(1);
    await events.closeAll();
    expect(counts().slice(1)).toEqual(counts().slice(1).map(() => 1)); // prettier-ignore
    expect(new Set(reports.map(({ track_id }) => track_id)).size).toBe(1);
  });

  it('follows people on when the picture gets another size, counts each once, and sees them leave', async () => {
    standing = () => [person];
    await play(1, undefined);
    await play(20);
    for (const size of [
      { width: 640, height: 360 },
      { width: 704, height: 576 },
      { width: 1_280, height: 720 },
      { width: 640, height: 360 },
    ]) {
      picture = size;
      told = [];
      await play(2, undefined);
      await play(20);
      expect([...new Set(counts())]).toEqual([1]);
      expect(new Set(told.flatMap(({ result }) => result.tracks.map(({ trackId }) => trackId)))).toEqual(new Set([1]));
      expect(told.at(-1)?.result.tracks).toMatchObject([{ stationary: true }]);
    }
    standing = () => [];
    await play(5, { share: 0.05, regions: [{ x1: 0.6, y1: 0.3, x2: 0.9, y2: 0.8 }] });
    await play(20);
    expect(counts().at(-1)).toBe(0);
    expect(reports.at(-1)?.ended_at_unix_ms).not.toBeNull();
    expect(new Set(reports.map(({ track_id }) => track_id)).size).toBe(1);
  });

  it('knows of a frame that no adapter looked at what moves on it', async () => {
    await play(1);
    const motion: FrameMotion = { share: 0.1, regions: [{ x1: 0, y1: 0, x2: 0.5, y2: 0.2 }] };
    const frame = { picture: { bytes: Buffer.alloc(10), ...picture }, capturedAtMs: 5, monotonicMs: 5 };
    expect(analysis.unanswered({ ...frame, motion })).toMatchObject({ tracks: [], found: [], motion, frame });
    expect(analysis.unanswered(frame)).toBeUndefined();
  });
});
