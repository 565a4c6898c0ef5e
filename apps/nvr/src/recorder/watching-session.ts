import { readUnitsDirectly, type Unit } from '@nightjar/media';
import { AppError } from '@nightjar/runtime';
import type { RecordingSessionOptions, SessionEnd } from './recording-session.js';
import { UnitMuxer } from './unit-muxer.js';

/** A camera that sends no picture for so long is gone, as it is for recordings. */
const stallMs = 10_000;

/**
 * One connection to a camera that is watched and not recorded, without an FFmpeg: that would take a moment to start, and look at half a
 * second of video before it gives out the first picture.
 * @throws AppError `unprocessable` for a camera that FFmpeg may understand and this does not
 */
export async function runWatchingSession({ clock, live, previousEndMs, signal, url }: RecordingSessionOptions): Promise<SessionEnd> {
  const muxer = new UnitMuxer();
  let firstMs: number | undefined;
  const onUnit = (unit: Unit) => {
    for (const part of muxer.push(unit)) {
      firstMs ??= clock.monotonicMs();
      if (part.kind === 'init') live.begin(part.bytes, part.track);
      else live.push(part.fragment, unit.arrivedUnixMs);
    }
  };
  try {
    return await readUnitsDirectly({ url, clock, isPrompt: live.isRead, onUnit, stallMs, signal });
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'unprocessable') throw error;
    return {
      reason: signal.aborted ? 'stopped' : 'stream ended',
      recordedMs: firstMs === undefined ? 0 : clock.monotonicMs() - firstMs,
      recordedUntilMs: previousEndMs,
      cameraSaid: signal.aborted ? undefined : error.message,
      ffmpegSaid: '',
    };
  } finally {
    live.end();
  }
}
