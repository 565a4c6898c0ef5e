import type { CameraView } from '@nightjar/contracts';
import type { ConnectionTest } from '../api/cameras.js';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** How a camera is, in words, with the reason where there is one. */
export function statusText({ is_active: isActive, status, status_reason: reason }: CameraView): string {
  if (!isActive) return 'switched off';
  if (status === 'online') return 'online';
  if (status === 'offline') return `offline: ${reason ?? 'the reason is not known'}`;
  return 'not known: it is not recorded, or not yet';
}

/** How its recording goes, in words. */
export function recordingText({ last_recording_at: last, recording_state: state }: CameraView): string {
  const until = last === null ? '' : `, last at ${moment.format(Date.parse(last))}`;
  switch (state) {
    case 'recording':
      return 'recording';
    case 'off':
      return `recording is switched off${until}`;
    case 'not_recording':
      return `not recording${until}`;
    case 'stalled':
      return `recording stands still${until}`;
    case 'never':
      return 'never recorded';
  }
}

/** What came of a try to connect, in words. */
export function connectionText({ height, reason, success, took_ms: tookMs, video_codec: codec, width }: ConnectionTest): string {
  if (!success) return `It does not work: ${reason ?? 'the reason is not known'}.`;
  return `It works: ${codec ?? 'video'}, ${width ?? '?'} × ${height ?? '?'}, after ${(tookMs / 1_000).toFixed(1)} s.`;
}
