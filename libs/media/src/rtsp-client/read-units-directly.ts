import { AppError } from '@nightjar/runtime';
import { Patience } from '../patience.js';
import { requireUnits, type ReadUnitsOptions } from '../read-units.js';
import { UnitTimeline } from '../unit-timeline.js';
import { RtpUnits } from './rtp-units.js';
import { RtspClient } from './rtsp-client.js';

const stallMsDefault = 15_000;

/**
 * As `readUnits`, without an FFmpeg: RTSP is spoken and packets are put together here, for half of the work and none of the memory.
 * @throws AppError `unavailable` when the stream ends (it never just finishes) or stalls, `unprocessable` for a camera or a video that
 *   FFmpeg may understand and this does not, `cancelled` on the signal
 */
export async function readUnitsDirectly({
  clock,
  isPrompt = () => true,
  onUnit,
  pictureDueMs,
  signal,
  stallMs = stallMsDefault,
  url,
}: Omit<ReadUnitsOptions, 'ffmpeg'>): Promise<never> {
  requireUnits(url);
  const timeline = new UnitTimeline(clock);
  let hasUnits = false;
  let units: RtpUnits | undefined;
  const client = new RtspClient({
    url,
    isPrompt,
    pictureDueMs,
    onVideo: (video) => {
      units = new RtpUnits(video, (unit) => {
        hasUnits = true;
        stall.refresh();
        onUnit(timeline.place(unit));
      });
    },
    onPacket: (packet) => units?.push(packet),
  });
  const stall = new Patience(stallMs, () => client.giveUp(silent(stallMs, hasUnits)));
  try {
    return await client.run(signal);
  } finally {
    stall.end();
  }
}

/** A camera that plays without a single unit may send what FFmpeg understands. */
function silent(stallMs: number, hadUnits: boolean): AppError {
  const said = `no frame for ${Math.round(stallMs / 1_000)} s`;
  return hadUnits ? new AppError('unavailable', said, { retryAfterMs: 1_000 }) : new AppError('unprocessable', said);
}
