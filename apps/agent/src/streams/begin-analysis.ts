import { randomUUID } from 'node:crypto';
import type { AssignedStream } from '@nightjar/contracts';
import type { FfmpegBinary, HardwareDecoder } from '@nightjar/media';
import type { Bus, InferenceDispatcher } from '@nightjar/messaging';
import type { Clock, Logger } from '@nightjar/runtime';
import { AlertEvents } from '../analytics/alert-events.js';
import { analytics } from '../analytics/analytics.js';
import { AnalyticsRunner } from '../analytics/analytics-runner.js';
import type { CallbackSender } from '../analytics/callback-sender.js';
import type { EventReporter } from '../analytics/event-reporter.js';
import { FaceLooks } from '../analytics/human-tracking/face-looks.js';
import { MessageRoads } from '../analytics/message-roads.js';
import type { StreamSubscribers } from '@nightjar/luna';
import type { MonitoringPoint } from '../plugins/plugin-messages.js';
import type { Plugins } from '../plugins/plugins.js';
import { CameraSource } from '../sources/camera-source.js';
import { MediaClock } from '../sources/media-clock.js';
import { VideoFileSource } from '../sources/video-file-source.js';
import type { VideoFiles } from '../sources/video-files.js';
import { FileAnalysis } from './file-analysis.js';
import { FrameAnalysis } from './frame-analysis.js';
import { FrameStore } from './frame-store.js';
import { LiveResults } from './live-results.js';
import { PersonEvents } from './person-events.js';
import { StreamAnalysis } from './stream-analysis.js';

/** A live answer later than this is worthless: the queue forgets the question after the same time. */
const liveQuestions = { lane: 'live', timeoutMs: 2_000 } as const;
/** A file waits; but no answer takes longer unless it was lost. */
const fileQuestions = { lane: 'batch', timeoutMs: 30_000 } as const;

/** Long-lived things that every stream's analysis stands on. */
export interface StreamServices {
  ffmpeg: FfmpegBinary;
  /** What live cameras are decoded with; undefined: the CPU. */
  hardware: HardwareDecoder | undefined;
  /** Why it is the CPU although an operator wants hardware. */
  hardwareProblem: string | undefined;
  /** A camera on which nothing moved for so long is decoded by its key frames alone; 0: never. */
  idleAfterMs: number;
  bus: Bus;
  dispatcher: InferenceDispatcher;
  reporter: EventReporter;
  callbacks: CallbackSender;
  files: VideoFiles;
  subscribers: StreamSubscribers;
  plugins: Plugins;
  /** A stream came to its end by itself: nvr is told at once. */
  onOver: () => void;
  framesDir: string;
  /** Makes track ids unique over restarts. */
  session: string;
  clock: Clock;
  logger: Logger;
}

/** Begins with the analysis of a stream that was assigned: of a camera for ever, of a file until its end. */
export function beginAnalysis(stream: AssignedStream, services: StreamServices): StreamAnalysis | FileAnalysis {
  const analysis = stream.kind === 'file' ? fileAnalysis(stream, services) : liveAnalysis(stream, services);
  analysis.start();
  services.plugins.publish(processingPoint({ streamId: stream.stream_id, status: 'start', clock: services.clock }));
  return analysis;
}

/** A monitoring point: a stream began or ended here. */
export function processingPoint(options: { streamId: string; status: 'start' | 'stop'; clock: Clock }): MonitoringPoint {
  const { streamId, status, clock } = options;
  return {
    series: 'stream_processing',
    time: new Date(clock.wallMs()).toISOString(),
    tags: { service: 'luna-video-agent', stream_id: streamId, status },
    fields: {},
  };
}

function liveAnalysis(stream: AssignedStream, services: StreamServices): StreamAnalysis {
  const { clock, ffmpeg, hardware, hardwareProblem, idleAfterMs, reporter, session } = services;
  const { camera_id: cameraId, frames_per_second: framesPerSecond, main_url: mainUrl, rotation, transport, url } = stream;
  const logger = services.logger.child({ cameraId });
  const common = commonParts(stream, { ...services, logger });
  const { frames } = common;
  const events = cameraId === null ? undefined : new PersonEvents({ cameraId, frames, reporter, session, clock, logger });
  return new StreamAnalysis(stream, {
    ...common,
    source: new CameraSource({ ffmpeg, url, mainUrl, transport, framesPerSecond, rotation, hardware, idleAfterMs, clock, logger }),
    analysis: new FrameAnalysis({ ...services, ...common, events, ...liveQuestions, clock, logger }),
    events,
    hardware: { wanted: hardware, problem: hardwareProblem },
    clock,
    logger,
  });
}

/** What happens in a film happens in its own time; live streams have precedence at the adapters. */
function fileAnalysis(stream: AssignedStream, services: StreamServices): FileAnalysis {
  const { clock, ffmpeg, files, onOver } = services;
  const { frames_per_second: framesPerSecond, rotation, stream_id: streamId, url } = stream;
  const logger = services.logger.child({ streamId });
  const mediaClock = new MediaClock(clock);
  const common = commonParts(stream, { ...services, clock: mediaClock, logger });
  return new FileAnalysis(stream, {
    ...common,
    source: new VideoFileSource({ ffmpeg, files, url, framesPerSecond, rotation, clock: mediaClock }),
    analysis: new FrameAnalysis({
      ...services,
      ...common,
      events: undefined,
      ...fileQuestions,
      clock: mediaClock,
      logger,
    }),
    onOver,
    clock,
    logger,
  });
}

function commonParts(stream: AssignedStream, services: StreamServices) {
  const { bus, callbacks, clock, dispatcher, framesDir, logger, plugins, reporter, session, subscribers } = services;
  const { camera_id: cameraId, frames_name: framesName, kind } = stream;
  const frames = new FrameStore({ framesDir, framesName, logger });
  return {
    frames,
    results: new LiveResults({ stream, bus, subscribers, monitor: (point) => plugins.publish(point), session, clock }),
    analytics: new AnalyticsRunner({
      analytics,
      context: { startedMonotonicMs: clock.monotonicMs(), newId: randomUUID },
      events: cameraId === null ? undefined : new AlertEvents({ cameraId, frames, reporter, session, logger }),
      faces: new FaceLooks({ dispatcher, ...(kind === 'file' ? fileQuestions : liveQuestions), source: framesName, logger }),
      roads: new MessageRoads({ stream, sender: callbacks, pictures: frames, logger }),
      clock,
      logger,
    }),
  };
}
