/** What a file of a live stream's playlist is. Numbers stand as the playlist writes them. */
export type MediaName =
  | { kind: 'playlist' }
  | { kind: 'init'; sessionId: number }
  | { kind: 'segment'; segment: number }
  | { kind: 'part'; segment: number; index: number };

const number = '(0|[1-9]\\d{0,14})';
const initName = new RegExp(`^init-${number}\\.mp4$`);
const segmentName = new RegExp(`^segment-${number}\\.m4s$`);
const partName = new RegExp(`^part-${number}-${number}\\.m4s$`);

/** Undefined for what is no such name. */
export function parseMediaName(name: string): MediaName | undefined {
  if (name === 'index.m3u8') return { kind: 'playlist' };
  const init = initName.exec(name);
  if (init) return { kind: 'init', sessionId: Number(init[1]) };
  const segment = segmentName.exec(name);
  if (segment) return { kind: 'segment', segment: Number(segment[1]) };
  const part = partName.exec(name);
  return part ? { kind: 'part', segment: Number(part[1]), index: Number(part[2]) } : undefined;
}
