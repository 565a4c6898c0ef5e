import { randomUUID } from 'node:crypto';
import {
  inferenceFrame,
  overlayDrawn,
  tier0Frame,
  type AssignedStream,
  type CameraId,
  type ModelIdentity,
  type PictureSize,
} from '@nightjar/contracts';
import { normaliseBox, type BoxXyxy } from '@nightjar/geometry';
import type { Bus } from '@nightjar/messaging';
import type { Clock } from '@nightjar/runtime';
import type { AnalyticsResults } from '../analytics/analytics-runner.js';
import type { FrameResult } from '../analytics/frame-result.js';
import type { DecodeStatus } from '../decode/watched-stream.js';
import type { MonitoringPoint } from '../plugins/plugin-messages.js';
import type { StreamSubscribers } from '@nightjar/luna';
import { turnedBack } from './turned-back.js';

/** A problem that lasts is told again after this long. */
const problemEveryMs = 5_000;

/** Said of a frame that no model looked at, as an adapter without a model says it of itself. */
const noModel = { name: 'none', version: '0' };

/** Tells the results of one stream as they come: overlays and tracks on the bus, what the analytics found on the WebSocket. */
export class LiveResults {
  private sequence = 0;
  private problemToldAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly options: {
      stream: AssignedStream;
      bus: Bus;
      subscribers: StreamSubscribers;
      /** Told of each analysed frame. */
      monitor: (point: MonitoringPoint) => void;
      session: string;
      clock: Clock;
    },
  ) {}

  /**
   * @param told.results of the stream's analytics; a message goes out for each frame, also when they have none
   * @param told.model that found what is told of; undefined: none looked, and nothing is told of
   */
  publish(result: FrameResult, { model, results }: { results: AnalyticsResults; model: ModelIdentity | undefined }): void {
    const { bus, stream, subscribers } = this.options;
    this.sequence++;
    this.problemToldAtMs = Number.NEGATIVE_INFINITY;
    if (stream.camera_id !== null) {
      bus.publish(overlayDrawn, this.overlay(stream.camera_id, result));
      bus.publish(tier0Frame, this.tier0(stream.camera_id, result));
      bus.publish(inferenceFrame, this.inference(stream.camera_id, result, model));
    }
    subscribers.send(stream.stream_id, { stream_status: 'in_progress', error: null, analytics_results: results });
    this.options.monitor(this.framePoint(result));
  }

  /** Tells what the analytics found while no frame was analysed, if anything. */
  publishBetweenFrames(results: AnalyticsResults): void {
    if (Object.keys(results).length === 0) return;
    this.options.subscribers.send(this.options.stream.stream_id, { stream_status: 'in_progress', error: null, analytics_results: results });
  }

  /** Tells subscribers why there is nothing to tell. `restart`: the camera is being opened again. */
  publishProblem(problem: { status: 'in_progress' | 'restart'; error: string }): void {
    const nowMs = this.options.clock.monotonicMs();
    if (nowMs - this.problemToldAtMs < problemEveryMs) return;
    this.problemToldAtMs = nowMs;
    this.options.subscribers.send(this.options.stream.stream_id, {
      stream_status: problem.status,
      error: problem.error,
      analytics_results: {},
    });
  }

  /** Whether anybody listens to this stream now. */
  get hasListeners(): boolean {
    return this.options.subscribers.listens(this.options.stream.stream_id);
  }

  /** Tells how much of the camera is decoded from now on, and why. */
  publishDecoding(status: DecodeStatus & { answersHeld: number }): void {
    const { clock, monitor, stream } = this.options;
    const { reason, separation, state, ...counts } = status;
    monitor({
      series: 'stream_decoding',
      time: new Date(clock.wallMs()).toISOString(),
      tags: { service: 'luna-video-agent', stream_id: stream.stream_id, state, reason, separation, motion: counts.motion ?? 'unknown' },
      fields: { units: counts.units, pictures: counts.pictures, units_dropped: counts.unitsDropped, answers_held: counts.answersHeld },
    });
  }

  private framePoint({ frame, tracks, found }: FrameResult): MonitoringPoint {
    const { clock, stream } = this.options;
    return {
      series: 'frame',
      time: new Date(frame.capturedAtMs).toISOString(),
      tags: { service: 'luna-video-agent', stream_id: stream.stream_id },
      fields: { people_count: found.length, tracks: tracks.length, result_delay: (clock.wallMs() - frame.capturedAtMs) / 1_000 },
    };
  }

  /** People see it over the video of the camera, which is not turned: here it is turned back. */
  private overlay(cameraId: CameraId, { frame, picture, tracks }: FrameResult) {
    const { rotation } = this.options.stream;
    return {
      camera_id: cameraId,
      frame_ts_ms: frame.capturedAtMs,
      frame: rotation % 180 === 0 ? picture : { w: picture.h, h: picture.w },
      tracks: tracks.map(({ trackId, label, score, box }) => ({
        track_id: `${this.options.session}-${trackId}`,
        label,
        score,
        bbox: ltwhOf(turnedBack(normaliseBox(box, { width: picture.w, height: picture.h }), rotation)),
      })),
    };
  }

  private inference(cameraId: CameraId, { frame, picture, tracks }: FrameResult, model: ModelIdentity | undefined) {
    const { clock } = this.options;
    const nowMs = clock.wallMs();
    return {
      correlation_id: randomUUID(),
      adapter: 'nightjar' as const,
      adapter_version: '1',
      camera_id: `cam${cameraId}`,
      model_name: model?.name ?? noModel.name,
      model_version: model?.version ?? noModel.version,
      model_fingerprint: model?.fingerprint ?? null,
      inference_ms: Math.max(0, Math.round(nowMs - frame.capturedAtMs)),
      seq: this.sequence,
      result: {
        detections: tracks.map(({ trackId, label, score, box }) => ({
          label,
          confidence: score,
          bbox: boxOf(box, picture),
          track_id: trackId,
        })),
        frame_dimensions: picture,
      },
      completed_at: new Date(nowMs).toISOString(),
    };
  }

  private tier0(cameraId: CameraId, { frame, picture, tracks }: FrameResult) {
    return {
      schema: 'opennvr.tier0.v1' as const,
      adapter: 'tier0' as const,
      camera_id: `cam${cameraId}`,
      seq: this.sequence,
      ts: frame.monotonicMs / 1_000,
      wall_ts: frame.capturedAtMs / 1_000,
      frame: picture,
      calibrating: false,
      tracks: tracks.map(({ trackId, label, score, box, stationary, best }) => ({
        id: trackId,
        label,
        score,
        box: [box.x1, box.y1, box.x2, box.y2] satisfies [number, number, number, number],
        stationary,
        best,
      })),
    };
  }
}

/** As shares of the picture. */
function boxOf(box: BoxXyxy, { h, w }: PictureSize) {
  return ltwhOf(normaliseBox(box, { width: w, height: h }));
}

function ltwhOf({ x1, x2, y1, y2 }: BoxXyxy) {
  return { x: x1, y: y1, w: x2 - x1, h: y2 - y1 };
}
