/** A description that leads nowhere but to the relay, and where its addresses really lead. */
export interface RewrittenDescription {
  readonly text: string;
  /** The address for requests that concern all media: PLAY, TEARDOWN. */
  readonly aggregateUrl: string;
  /** Addresses of the media, in order. The relay's own for number `n` is `trackUrl(n)`. */
  readonly trackUrls: readonly string[];
  /** What the media are, in the same order. */
  readonly tracks: readonly DescribedTrack[];
}

/** One medium of a camera. */
export interface DescribedTrack {
  /** `video`, `audio`, `application` … */
  readonly media: string;
  /** In lower case as RTP names it, e.g. `h264`, `mpeg4-generic`, `pcmu`. */
  readonly encoding: string | undefined;
  readonly clockHz: number;
}

/** Of payload types that need no description (RFC 3551, 6), those that cameras have. */
const staticEncodings: ReadonlyMap<string, string> = new Map([
  ['0', 'pcmu/8000'],
  ['8', 'pcma/8000'],
  ['9', 'g722/8000'],
  ['14', 'mpa/90000'],
  ['26', 'jpeg/90000'],
]);
const videoClockHz = 90_000;

/** More media than any camera has. */
const mediaMax = 32;
const lineCharactersMax = 16_000;
const urlForm = /^rtsps?:\/\/[\x21-\x7e]{1,1000}$/i;

/**
 * Rewrites the description (SDP) of a camera: each medium gets an address of the relay in place of its own, and no address of
 * another machine stays in it. Relative addresses are put behind the base, as players do it, not resolved as in a web page:
 * cameras expect `rtsp://host/live?channel=1/trackID=2`.
 * @param options.keepsSound leaves AAC to be asked for; all other sound is hidden: no recording of ours can hold it
 * @param options.base Content-Base, else Content-Location, else the address that was asked
 * @returns undefined for what is no description
 */
export function rewriteSessionDescription(
  description: string,
  options: { base: string; relayUrl: string; trackUrl: (track: number) => string; keepsSound?: boolean | undefined },
): RewrittenDescription | undefined {
  const lines = description.split(/\r\n|\n|\r/).filter((line) => /^[a-z]=/.test(line) && line.length <= lineCharactersMax);
  if (!lines.some((line) => line.startsWith('v=')) || lines.filter((line) => line.startsWith('m=')).length > mediaMax) return undefined;
  const rewritten: string[] = [];
  const trackUrls: string[] = [];
  const tracks = describeTracks(lines);
  let aggregateUrl = options.base;
  for (const line of lines) {
    const control = /^a=control:\s*(.*?)\s*$/.exec(line)?.[1];
    if (line.startsWith('m=')) {
      const isHidden = options.keepsSound === true && line.startsWith('m=audio') && tracks[trackUrls.length]?.encoding !== 'mpeg4-generic';
      rewritten.push(isHidden ? line.replace('m=audio', 'm=application') : line, `a=control:${options.trackUrl(trackUrls.length)}`);
      trackUrls.push(aggregateUrl);
    } else if (control !== undefined) {
      if (trackUrls.length > 0) trackUrls[trackUrls.length - 1] = followControl(aggregateUrl, control);
      else if (urlForm.test(control)) aggregateUrl = control;
    } else if (line.startsWith('c=')) rewritten.push('c=IN IP4 127.0.0.1');
    else if (!/^a=(?:source-filter|rtcp):/.test(line) && !/^[ue]=/.test(line)) rewritten.push(line);
  }
  if (trackUrls.length === 0) return undefined;
  return { text: `${rewritten.join('\r\n')}\r\n`, aggregateUrl, trackUrls, tracks };
}

function followControl(base: string, control: string): string {
  if (control === '' || control === '*') return base;
  if (urlForm.test(control)) return control;
  const clean = control.replace(/[^\x21-\x7e]/g, '');
  return `${base}${base.endsWith('/') ? '' : '/'}${clean}`;
}

function describeTracks(lines: readonly string[]): DescribedTrack[] {
  const tracks: { media: string; payloadType: string; encoding: string | undefined; clockHz: number }[] = [];
  const read = (track: (typeof tracks)[number] | undefined, text: string) => {
    const [, encoding, clock] = /^([\w.-]{1,40})\/(\d{1,7})/.exec(text) ?? [];
    if (!track || encoding === undefined) return;
    track.encoding = encoding.toLowerCase();
    track.clockHz = Number(clock) || track.clockHz;
  };
  for (const line of lines) {
    const [, media, payloadType] = /^m=(\w{1,20}) \S+ \S+ (\d{1,3})/.exec(line) ?? [];
    if (line.startsWith('m=')) {
      tracks.push({ media: media ?? 'unknown', payloadType: payloadType ?? '', encoding: undefined, clockHz: videoClockHz });
      read(tracks.at(-1), staticEncodings.get(payloadType ?? '') ?? '');
    }
    const [, ofType, text] = /^a=rtpmap:(\d{1,3})\s+(\S+)/.exec(line) ?? [];
    const track = tracks.at(-1);
    if (text !== undefined && track?.payloadType === ofType) read(track, text);
  }
  return tracks.map(({ clockHz, encoding, media }) => ({ media, encoding, clockHz }));
}
