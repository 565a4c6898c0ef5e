import { Inject, Injectable } from '@nestjs/common';
import type { FfmpegBinary } from '@nightjar/media';
import type { Clock, Logger } from '@nightjar/runtime';
import { CameraConnections, transportOf, type StreamKind } from '../cameras/camera-connections.js';
import type { Camera } from '../cameras/cameras.store.js';
import type { RecorderConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { CameraRecorder } from './camera-recorder.js';
import type { LiveParts } from './live-parts.js';
import { SegmentRows } from './segment-rows.js';

export const FFMPEG = Symbol('ffmpeg');

/** Gives a camera its recorder, with what all of them stand on. */
@Injectable()
export class CameraRecorders {
  constructor(
    private readonly connections: CameraConnections,
    private readonly rows: SegmentRows,
    @Inject(FFMPEG) private readonly ffmpeg: FfmpegBinary,
    @Inject(CONFIG) private readonly config: RecorderConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Not started yet. @param live gets its live video */
  make(camera: Camera, options: { isRecorded: boolean; stream: StreamKind; live: LiveParts }): CameraRecorder {
    const { isRecorded, live, stream } = options;
    const { clock, config, connections, ffmpeg, logger, rows } = this;
    return new CameraRecorder({
      camera,
      findUrl: () => connections.urlOf(camera, stream),
      transport: transportOf(camera),
      // The smaller stream is for many pictures side by side, which are silent; how the camera is, its main stream tells.
      withSound: stream === 'main' && camera.audioEnabled,
      onProblem: (reason) => void (stream === 'main' && connections.noteProblem(camera.id, reason)),
      ffmpeg,
      root: config.recordingsDir,
      isRecorded,
      segmentMs: config.segmentMs,
      rows,
      live,
      clock,
      logger,
      random: Math.random,
    });
  }
}
