import type { CameraDecodeView, DecodeReport } from '@nightjar/contracts';

const amounts: Readonly<Record<DecodeReport['state'], string>> = {
  off: 'nothing is decoded',
  idle: 'key frames are decoded',
  active: 'everything is decoded',
};
const reasons: Readonly<Record<string, string>> = {
  started: 'it was just connected',
  motion: 'something moves',
  lighting: 'the light changed',
  track: 'something is followed',
  unit_jump: 'its frames grew',
  every_frame_wanted: 'somebody wants every frame',
  quiet: 'nothing moves',
  false_jump: 'its frames grew, but nothing moves',
  nobody_wants_it: 'nobody wants it',
};
const moment = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });

/** How much of a camera is decoded for analytics, of which stream and why, in a few sentences. */
export function decodeText({ decoding, reason }: CameraDecodeView): string {
  if (!decoding) return `Nothing is decoded: ${reason ?? 'the reason is not known'}.`;
  const { connected, last_wake: wake, main_because: because, picture, state, stream } = decoding;
  const why = reasons[decoding.reason] ?? decoding.reason;
  const size = picture === null ? '' : `, ${picture.w} × ${picture.h}`;
  const named = stream === 'sub' ? 'its substream' : because === null ? 'its only stream' : 'its main stream';
  return [
    connected || state === 'off' ? `Of ${named}${size}: ${amounts[state]}, since ${why}.` : `Of ${named}: nothing comes just now.`,
    ...(because === null ? [] : [`Not the substream: ${because}.`]),
    ...(wake === null || state === 'active'
      ? []
      : [`Last awake at ${moment.format(wake.at_unix_ms)}: ${reasons[wake.reason] ?? wake.reason}.`]),
    ...lossText(decoding),
  ].join(' ');
}

function lossText({ dropped, separation }: DecodeReport): string[] {
  const lost = dropped.decoder_too_slow + dropped.adapter_too_slow;
  return [
    ...(separation === 'no separation' ? ['The sizes of its frames do not tell motion: it wakes at key frames alone.'] : []),
    ...(lost === 0
      ? []
      : [`Left out so far: ${dropped.decoder_too_slow} frames by the decoder, ${dropped.adapter_too_slow} pictures by the model.`]),
  ];
}
