import type { PictureSize, Rotation } from '@nightjar/contracts';
import type { BoxXyxy } from '@nightjar/geometry';
import type { LiveFrame } from '../sources/camera-source.js';
import type { CameraStream } from '../sources/stream-choice.js';
import type { TrackObservation } from './track-observer.js';

/** The moment of a frame on both clocks: the wall clock for people, the other one for durations. */
export interface FrameMoment {
  unixMs: number;
  monotonicMs: number;
}

/** An object with its place in the picture that was analysed, in its pixels. */
export interface TrackedObject extends TrackObservation {
  trackId: number;
  /** On how many frames the tracker saw it, this one included. */
  hits: number;
  label: string;
  score: number;
  box: BoxXyxy;
}

/** What moved since the frame before. */
export interface FrameMotion {
  /** Share of the picture that moved, 0..1. */
  share: number;
  /** Where, normalised to 0..1 of the picture. */
  regions: readonly BoxXyxy[];
}

/** A frame, and what its picture is of. */
export interface AnalysedFrame extends LiveFrame {
  /** Which of a camera's streams; absent: it has none to choose from. */
  stream?: CameraStream | undefined;
  rotation?: Rotation | undefined;
}

/** Everything that is known of one analysed frame. */
export interface FrameResult {
  frame: AnalysedFrame;
  /** Size of the picture that the boxes stand in. */
  picture: PictureSize;
  /** Persons, and objects of other labels that the stream's analytics ask for. */
  tracks: readonly TrackedObject[];
  /** All persons found on the whole frame, whether or not the tracker follows them. */
  found: readonly { box: BoxXyxy }[];
  /** Absent where the source does not look for motion. */
  motion?: FrameMotion | undefined;
}

/** What an event tells of its picture: nvr may have a better one of the same moment, where this one is of the substream. */
export function pictureOrigin({ frame: { rotation, stream } }: FrameResult): Record<string, unknown> {
  return stream === undefined ? {} : { picture: { stream, ...(rotation ? { rotation } : {}) } };
}

/** When a frame was taken. */
export function momentOf({ frame }: FrameResult): FrameMoment {
  return { unixMs: frame.capturedAtMs, monotonicMs: frame.monotonicMs };
}
