/** What a stream's address is sealed for: it opens for that stream only. */
export function streamReferencePurpose(streamId: string): string {
  return `luna_stream.${streamId}.reference`;
}

/** An address as people may see it: without password. */
export function maskedReference(reference: string): string {
  const url = new URL(reference);
  if (url.password !== '') url.password = '****';
  return url.toString();
}
