import type { SourceStatus } from '../sources/camera-source.js';

/** What one frame after the other came to, since the analysis began. */
export interface FrameCounts {
  analysed: number;
  /** Questions to adapters, and frames for which an earlier answer held. */
  asked: number;
  /** Pictures and parts of pictures that adapters were asked to look at. */
  regionsAsked: number;
  held: number;
  /** Followed now. */
  tracks: number;
  /** Objects beyond the tracker's bound. */
  overCap: number;
  /** Frames on which the bound of regions was reached. */
  regionsFull: number;
  /** From the arrival of the newest analysed frame to its result. */
  frameAgeMs: number;
}

/** One running stream, for `/metrics`. */
export interface StreamMetrics extends FrameCounts {
  /** Name of its directory of frames. */
  stream: string;
  kind: 'rtsp' | 'file';
  /** `off` also while there is no connection. */
  decodeState: string;
  /** Which of the camera's streams is analysed. */
  cameraStream: 'main' | 'sub' | 'file';
  wakeReason: string;
  motion: string;
  restlessShare: number;
  separation: string;
  framesDropped: number;
  /** Over all connections. */
  units: number;
  pictures: number;
  unitsDropped: number;
}

/** Puts together what is known of a stream; `source` undefined: a file. */
export function streamMetrics(
  stream: { frames_name: string; kind: 'rtsp' | 'file' },
  { counts, framesDropped, source }: { counts: FrameCounts; framesDropped: number; source: SourceStatus | undefined },
): StreamMetrics {
  const watched = source?.watched;
  return {
    ...counts,
    stream: stream.frames_name,
    kind: stream.kind,
    decodeState: watched?.state ?? (source === undefined ? 'active' : 'off'),
    cameraStream: source?.stream ?? 'file',
    wakeReason: watched?.reason ?? 'unknown',
    motion: watched?.motion ?? 'unknown',
    restlessShare: watched?.restlessShare ?? 0,
    separation: watched?.separation ?? 'unknown',
    framesDropped,
    units: source?.units ?? 0,
    pictures: source?.pictures ?? 0,
    unitsDropped: source?.unitsDropped ?? 0,
  };
}
