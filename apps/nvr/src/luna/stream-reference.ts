import { withoutQueryCredentials } from '@nightjar/runtime';

/** What a stream's address is sealed for: it opens for that stream only. */
export function streamReferencePurpose(streamId: string): string {
  return `luna_stream.${streamId}.reference`;
}

/** An address as people may see it: without password, also in its query, and a file's without its query, which may hold a signature. */
export function maskedReference(reference: string): string {
  const url = new URL(reference);
  if (url.password !== '') url.password = '****';
  if (url.search !== '' && url.protocol.startsWith('http')) url.search = '****';
  return withoutQueryCredentials(url.toString());
}

/** Whether an address was typed over one as it is shown: its mask would become its password. */
export function isMasked(reference: string): boolean {
  return URL.canParse(reference) && (new URL(reference).password === '****' || /[?&;=]\*{3,4}(?:[&;#]|$)/.test(reference));
}

/** Where the pictures of a stream are in the frames directory: a camera's have its name. */
export function framesNameOf(streamId: string, camera: { framesName: string } | null | undefined): string {
  return camera?.framesName ?? `stream-${streamId}`;
}

/** Whether an address is of a video file: one that is fetched, and ends. */
export function isFileType(type: unknown): boolean {
  return type === 'videofile';
}
