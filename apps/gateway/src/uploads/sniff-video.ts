import { AppError } from '@nightjar/runtime';

/** How much of an upload is looked at. */
export const videoHeadBytes = 4 * 1024;
/** Shorter texts are not judged by being text: so few bytes are no video anyway, and the agent says why. */
const textBytesMin = 64;

/** What players treat as a list of other places to read from, whatever the file is called. */
const playlists: readonly (readonly [string, RegExp])[] = [
  ['an HLS playlist', /^\s*#EXTM3U/],
  ['a concat script', /^\s*ffconcat\s+version/i],
  ['a DASH manifest', /^[^]{0,2048}<MPD[\s>]/],
  ['a Smooth Streaming manifest', /^[^]{0,2048}<SmoothStreamingMedia[\s>]/],
  ['a session description (SDP)', /^\s*v=0\s*\r?\n\s*[os]=/],
];

/** Bytes that texts hold: tab, line feed, form feed, carriage return, escape, and all that is printable. */
const controlOfBinary = /[\u0000-\u0008\u000b\u000e-\u001a\u001c-\u001f\u007f]/;

/**
 * What the beginning of an upload gives away to be no video.
 *
 * Only what is certainly none is named: a playlist, which would make a player read other files, and plain text, which no
 * container begins with. Binary data of a kind unknown here passes. Containers are recognised by FFmpeg in many ways (MPEG-TS
 * may begin in the middle of a packet), and a list of ours would refuse what the agent can read; the agent looks into the file
 * anyway, with a list of the containers that it opens.
 * @param head the first 4 KiB, or all there is
 * @returns undefined when it may be a video
 */
export function notAVideo(head: Uint8Array): string | undefined {
  const text = textOf(head);
  if (text === undefined) return undefined;
  const playlist = playlists.find(([, beginning]) => beginning.test(text));
  if (playlist) return playlist[0];
  return head.length >= textBytesMin ? 'text' : undefined;
}

/** @param head the first 4 KiB, or all there is @throws AppError `unprocessable` that names what it is instead */
export function refuseNoVideo(head: Uint8Array): void {
  const found = notAVideo(head);
  if (found !== undefined) throw new AppError('unprocessable', `the upload is ${found}, not a video`);
}

/** Judges an upload as it streams by, once. */
export class VideoHead {
  private readonly parts: Uint8Array[] = [];
  private bytes = 0;
  private judged = false;

  /** @throws AppError `unprocessable` when what has come so far is no video */
  append(chunk: Uint8Array): void {
    if (this.judged) return;
    // Copied: whoever made the chunk may use its memory again.
    const part = Uint8Array.from(chunk.subarray(0, videoHeadBytes - this.bytes));
    this.parts.push(part);
    this.bytes += part.length;
    if (this.bytes >= videoHeadBytes) this.end();
  }

  /** The upload is over. @throws AppError `unprocessable` when it is no video */
  end(): void {
    if (this.judged) return;
    this.judged = true;
    refuseNoVideo(Buffer.concat(this.parts));
  }
}

/** @returns undefined for binary data */
function textOf(head: Uint8Array): string | undefined {
  const text = decode(head);
  return text === undefined || controlOfBinary.test(text) ? undefined : text;
}

function decode(head: Uint8Array): string | undefined {
  const encoding = head[0] === 0xff && head[1] === 0xfe ? 'utf-16le' : head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    // `stream`: the last character may be cut in two.
    return new TextDecoder(encoding, { fatal: true }).decode(head, { stream: true });
  } catch {
    return undefined;
  }
}
