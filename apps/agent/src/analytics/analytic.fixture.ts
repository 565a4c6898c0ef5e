import { AssignedStream } from '@nightjar/contracts';
import { scaleBox, type BoxXyxy } from '@nightjar/geometry';
import type { Analytic, AnalyticContext, AnalyticMachine, AnalyticOutput, AnalyticParameters } from './analytic.js';
import type { FrameMotion, FrameResult, TrackedObject } from './frame-result.js';

/** Pictures of the tests are 1000 × 1000, so that a pixel is a thousandth. */
const side = 1_000;
export const startUnixMs = 1_700_000_000_000;

/** The stream that is analysed. */
export const assignedStream = AssignedStream.parse({
  camera_id: 1,
  stream_id: '70c75b04-1ec8-4aa1-930c-ddad9e47b54b',
  account_id: '557d54ec-29ad-4f3c-93b4-c9092ef12515',
  frames_name: 'camera_0',
  name: 'yard',
  url: 'rtsp://camera',
  frames_per_second: 4,
});

/** An object of 100 × 200 pixels around a point. */
export function objectAt(trackId: number, x: number, y: number, more: Partial<TrackedObject> = {}): TrackedObject {
  const box: BoxXyxy = { x1: x - 50, y1: y - 100, x2: x + 50, y2: y + 100 };
  return { trackId, hits: 5, label: 'person', score: 0.8, box, stationary: false, best: false, ...more };
}

/** A frame `atSeconds` after the start with these objects on it. */
export function frameAt(atSeconds: number, tracks: readonly TrackedObject[], motion?: FrameMotion): FrameResult {
  return {
    frame: {
      picture: { bytes: Buffer.alloc(0), width: side, height: side },
      capturedAtMs: startUnixMs + atSeconds * 1_000,
      monotonicMs: atSeconds * 1_000,
    },
    picture: { w: side, h: side },
    tracks,
    found: tracks.filter(({ label }) => label === 'person'),
    motion,
  };
}

/** The same frame of a picture of another size. */
export function scaled(result: FrameResult, width: number, height: number): FrameResult {
  const scale = <T extends { box: BoxXyxy }>(one: T): T => ({ ...one, box: scaleBox(one.box, width / side, height / side) });
  const frame = { ...result.frame, picture: { ...result.frame.picture, width, height } };
  return { ...result, frame, picture: { w: width, h: height }, tracks: result.tracks.map(scale), found: result.found.map(scale) };
}

export const momentAt = (atSeconds: number) => ({ unixMs: startUnixMs + atSeconds * 1_000, monotonicMs: atSeconds * 1_000 });

let ids = 0;
export const context: AnalyticContext = { startedMonotonicMs: 0, newId: () => `id-${++ids}` };

/** One analytic with parameters as a user writes them, defaults added. */
export function begin<Parameters extends AnalyticParameters>(
  analytic: Analytic<Parameters>,
  parameters: object = {},
  targets: readonly string[] = [],
): AnalyticMachine<Parameters> {
  return analytic.create(analytic.schema.parse({ targets, parameters }), context);
}

/** The kinds of the alerts in outputs, in order. */
export const alertKinds = (outputs: readonly AnalyticOutput[]) => outputs.flatMap(({ alerts = [] }) => alerts.map(({ kind }) => kind));
