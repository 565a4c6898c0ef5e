import { describe, expect, it } from '@jest/globals';
import { InferenceFrame, Tier0Frame, type AssignedStream, type Fact, type ModelIdentity } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { systemClock } from '@nightjar/runtime';
import type { FrameResult, TrackedObject } from '../analytics/frame-result.js';
import type { StreamSubscribers } from '@nightjar/luna';
import { LiveResults } from './live-results.js';

const person = {
  trackId: 7,
  hits: 3,
  label: 'person',
  score: 0.9,
  box: { x1: 288, y1: 36, x2: 352, y2: 108 },
  stationary: false,
  best: true,
};

const model = { name: 'nanodet', version: '3.0.4', fingerprint: 'sha256:1' };

function publish(tracks: readonly TrackedObject[], by: { model: ModelIdentity | undefined } = { model }) {
  const told = new Map<string, unknown>();
  const bus = { publish: (fact: Fact, payload: unknown) => void told.set(fact.subject(payload), payload) } as unknown as Bus;
  const results = new LiveResults({
    stream: { stream_id: 'a', camera_id: 1, rotation: 0 } as AssignedStream,
    bus,
    subscribers: { send: () => undefined } as unknown as StreamSubscribers,
    monitor: () => undefined,
    session: 'abcd1234',
    clock: systemClock,
  });
  const frame = { capturedAtMs: Date.UTC(2026, 0, 1), monotonicMs: 12_500 };
  results.publish({ frame, picture: { w: 640, h: 360 }, tracks, found: [] } as unknown as FrameResult, { results: {}, ...by });
  return {
    tier0: Tier0Frame.parse(told.get('opennvr.inference.tier0.cam1.completed')),
    adapter: InferenceFrame.parse(told.get('opennvr.inference.nightjar.cam1.completed')),
  };
}

describe('an analysed frame on the bus of OpenNVR', () => {
  it('stands there as tier0, in pixels, and as an answer of an adapter, in shares of the frame', () => {
    const { adapter, tier0 } = publish([person as unknown as TrackedObject]);
    expect(tier0).toMatchObject({ camera_id: 'cam1', seq: 1, tracks: [{ id: 7, label: 'person', box: [288, 36, 352, 108] }] });
    expect(adapter).toMatchObject({ adapter: 'nightjar', camera_id: 'cam1', seq: 1, result: { frame_dimensions: { w: 640, h: 360 } } });
    const [detection] = adapter.result.detections;
    expect(detection).toMatchObject({ label: 'person', confidence: 0.9, track_id: 7, bbox: { x: 0.45, y: 0.1 } });
    expect([detection?.bbox.w, detection?.bbox.h].map((share) => share?.toFixed(3))).toEqual(['0.100', '0.200']);
    expect(Date.parse(adapter.completed_at)).toBeGreaterThan(Date.UTC(2026, 0, 2));
  });

  it('stands there also when nothing is seen: that is what some apps wait for', () => {
    const { adapter, tier0 } = publish([]);
    expect([tier0.tracks, adapter.result.detections]).toEqual([[], []]);
  });

  it('names the model that found what stands there, and none where none looked', () => {
    const named = { model_name: 'nanodet', model_version: '3.0.4', model_fingerprint: 'sha256:1' };
    expect(publish([person as unknown as TrackedObject]).adapter).toMatchObject(named);
    expect(publish([]).adapter).toMatchObject(named);
    expect(publish([], { model: undefined }).adapter).toMatchObject({ model_name: 'none', model_version: '0', model_fingerprint: null });
  });
});
