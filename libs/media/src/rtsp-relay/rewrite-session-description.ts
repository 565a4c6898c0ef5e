/** A description that leads nowhere but to the relay, and where its addresses really lead. */
export interface RewrittenDescription {
  readonly text: string;
  /** The address for requests that concern all media: PLAY, TEARDOWN. */
  readonly aggregateUrl: string;
  /** Addresses of the media, in order. The relay's own for number `n` is `trackUrl(n)`. */
  readonly trackUrls: readonly string[];
}

/** More media than any camera has. */
const mediaMax = 32;
const lineCharactersMax = 16_000;
const urlForm = /^rtsps?:\/\/[\x21-\x7e]{1,1000}$/i;

/**
 * Rewrites the description (SDP) of a camera: each medium gets an address of the relay in place of its own, and no address of
 * another machine stays in it. Relative addresses are put behind the base, as players do it, not resolved as in a web page:
 * cameras expect `rtsp://host/live?channel=1/trackID=2`.
 * @param options.base Content-Base, else Content-Location, else the address that was asked
 * @returns undefined for what is no description
 */
export function rewriteSessionDescription(
  description: string,
  options: { base: string; relayUrl: string; trackUrl: (track: number) => string },
): RewrittenDescription | undefined {
  const lines = description.split(/\r\n|\n|\r/).filter((line) => /^[a-z]=/.test(line) && line.length <= lineCharactersMax);
  if (!lines.some((line) => line.startsWith('v=')) || lines.filter((line) => line.startsWith('m=')).length > mediaMax) return undefined;
  const rewritten: string[] = [];
  const trackUrls: string[] = [];
  let aggregateUrl = options.base;
  for (const line of lines) {
    const control = /^a=control:\s*(.*?)\s*$/.exec(line)?.[1];
    if (line.startsWith('m=')) {
      rewritten.push(line, `a=control:${options.trackUrl(trackUrls.length)}`);
      trackUrls.push(aggregateUrl);
    } else if (control !== undefined) {
      if (trackUrls.length > 0) trackUrls[trackUrls.length - 1] = followControl(aggregateUrl, control);
      else if (urlForm.test(control)) aggregateUrl = control;
    } else if (line.startsWith('c=')) rewritten.push('c=IN IP4 127.0.0.1');
    else if (!/^a=(?:source-filter|rtcp):/.test(line) && !/^[ue]=/.test(line)) rewritten.push(line);
  }
  if (trackUrls.length === 0) return undefined;
  return { text: `${rewritten.join('\r\n')}\r\n`, aggregateUrl, trackUrls };
}

function followControl(base: string, control: string): string {
  if (control === '' || control === '*') return base;
  if (urlForm.test(control)) return control;
  const clean = control.replace(/[^\x21-\x7e]/g, '');
  return `${base}${base.endsWith('/') ? '' : '/'}${clean}`;
}
