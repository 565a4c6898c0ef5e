import { describe, expect, it } from '@jest/globals';
import type { InferenceResult, ModelIdentity } from '@nightjar/contracts';
import { createLogger, FakeClock } from '@nightjar/runtime';
import { assignedStream } from '../analytics/analytic.fixture.js';
import type { FrameResult } from '../analytics/frame-result.js';
import { FrameAnalysis, type FrameAnalysisParts } from './frame-analysis.js';

const model = { name: 'nanodet', version: '3.0.4', fingerprint: 'sha256:1' };
const picture = { width: 1_280, height: 720 };
const stream = { ...assignedStream, frames_per_second: 2 };

/** Frames on which nothing moves, of a place where always the same stands. @returns of each whether a detector looked, and what is told */
async function play(detections: InferenceResult['detections']) {
  const clock = new FakeClock();
  let looks = 0;
  const told: { looks: number; tracks: number; model: ModelIdentity | undefined }[] = [];
  const publish = ({ tracks }: FrameResult, by: { model: ModelIdentity | undefined }) =>
    void told.push({ looks, tracks: tracks.length, model: by.model });
  const answer = { detections, model_input: { w: 416, h: 416 }, picture: { w: picture.width, h: picture.height }, model, latency_ms: 1 };
  const analysis = new FrameAnalysis({
    dispatcher: { infer: () => (looks++, Promise.resolve(answer)) },
    lane: 'live',
    timeoutMs: 2_000,
    results: { publish } as unknown as FrameAnalysisParts['results'],
    events: undefined,
    analytics: { labels: ['person'], update: () => ({}) } as unknown as FrameAnalysisParts['analytics'],
    clock,
    logger: createLogger({ service: 'agent', level: 'silent' }),
  });
  for (let frame = 0; frame < 20; frame++) {
    clock.advance(500);
    const moment = { capturedAtMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    const motion = { share: 0, regions: [] };
    await analysis.analyse({ picture: { bytes: Buffer.alloc(10), ...picture }, ...moment, motion }, stream, new AbortController().signal);
  }
  clock.advance(500);
  analysis.again();
  return told.map((one, index) => ({ ...one, isLooked: one.looks > (told[index - 1]?.looks ?? 0) }));
}

describe('the model that is told of with a frame', () => {
  it('is that of the detector, and none where none looked at an empty frame', async () => {
    const told = await play([]);
    expect(new Set(told.map(({ isLooked }) => isLooked))).toEqual(new Set([true, false]));
    for (const one of told) expect(one.model).toEqual(one.isLooked ? model : undefined);
  });

  it('is that of the answer that holds for who stands there still', async () => {
    const told = await play([{ bbox: [800, 200, 80, 200], confidence: 0.9, label: 'person' }]);
    expect(told.filter(({ isLooked, tracks }) => !isLooked && tracks === 1).length).toBeGreaterThan(1);
    for (const one of told) expect(one.model).toEqual(model);
  });
});
