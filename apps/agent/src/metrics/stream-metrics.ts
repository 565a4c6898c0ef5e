import type { DecodeStatus } from '../decode/watched-stream.js';

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
  wakeReason: string;
  motion: string;
  separation: string;
  framesDropped: number;
  unitsDropped: number;
}

/** Puts together what is known of a stream; `status` undefined: no connection, or one whose units can't be told apart. */
export function streamMetrics(
  stream: { frames_name: string; kind: 'rtsp' | 'file' },
  { counts, framesDropped, status }: { counts: FrameCounts; framesDropped: number; status: DecodeStatus | undefined },
): StreamMetrics {
  return {
    ...counts,
    stream: stream.frames_name,
    kind: stream.kind,
    decodeState: status?.state ?? (stream.kind === 'file' ? 'active' : 'off'),
    wakeReason: status?.reason ?? 'unknown',
    motion: status?.motion ?? 'unknown',
    separation: status?.separation ?? 'unknown',
    framesDropped,
    unitsDropped: status?.unitsDropped ?? 0,
  };
}
