import { isDeepStrictEqual } from 'node:util';
import type { Camera, CameraFields } from './cameras.store.js';
import { movedUrl } from './check-camera-url.js';

/** What a caller sends; `password` null takes it away, undefined leaves it. */
export interface CameraInput extends CameraFields {
  password?: string | null;
  /** Of the camera's addresses, where no `rtspUrl` names them. */
  ipAddress?: string;
  port?: number;
}

/** What of it was given: what is left out keeps its value. */
export function definedOf(input: CameraInput): CameraInput {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

/**
 * What of it is otherwise than it is saved: who sends back the whole camera that he read changes nothing by that, and an address that
 * stays is not judged again. Where only the address or the port changes, it changes in all URLs that name it.
 */
export function changesOf(input: CameraInput, known: Camera): CameraInput {
  const saved = new Map<string, unknown>(Object.entries(known));
  const entries = Object.entries(definedOf(movedInput(input, known)));
  return Object.fromEntries(entries.filter(([name, value]) => !(saved.has(name) && isDeepStrictEqual(value, saved.get(name)))));
}

function movedInput({ ipAddress: address, port, ...input }: CameraInput, known: Camera): CameraInput {
  if (input.rtspUrl !== undefined || (address === undefined && port === undefined)) return input;
  const isSameHost = (url: string) => new URL(url).host === new URL(known.rtspUrl).host;
  const moved = (url: string | null) => (url === null || !isSameHost(url) ? url : movedUrl(url, { address, port }));
  return {
    substreamUrl: moved(known.substreamUrl),
    ...(known.onvifUrl !== null && address !== undefined && { onvifUrl: movedUrl(known.onvifUrl, { address }) }),
    ...definedOf(input),
    rtspUrl: movedUrl(known.rtspUrl, { address, port }),
  };
}
