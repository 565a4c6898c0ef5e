import type { CameraView } from '@nightjar/contracts';
import type { ConnectionTest } from '../api/cameras.js';

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** How a camera is, in words, with the reason where there is one. */
export function statusText({ is_active: isActive, recording_enabled: isRecorded, status, status_reason: reason }: CameraView): string {
  if (!isActive) return 'switched off';
  if (status === 'online') return 'online';
  if (status === 'offline') return `offline: ${reason ?? 'the reason is not known'}`;
  return isRecorded ? 'not known yet' : 'connected to while somebody watches';
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
export function connectionText(test: ConnectionTest): string {
  const { audio_codec: sound, height, reason, success, took_ms: tookMs, video_codec: codec, width } = test;
  if (!success) return `It does not work: ${reason ?? 'the reason is not known'}.`;
  return `It works: ${codec ?? 'video'}, ${width ?? '?'} × ${height ?? '?'}, ${soundText(sound)}, after ${(tookMs / 1_000).toFixed(1)} s.`;
}

function soundText(codec: string | null): string {
  if (codec === null) return 'no sound';
  return codec === 'aac' ? 'sound that can be recorded' : `sound that is not recorded (${codec})`;
}
