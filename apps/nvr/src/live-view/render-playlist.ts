import type { FeedPart } from './live-feed.js';

/** No segment is longer (the recorder ends them here); players are promised so for ever. */
const targetSeconds = 4;
/** Parts of older segments are not listed one by one: players that are three segments behind do not need them. */
const segmentsWithParts = 3;

interface PlaylistSource {
  sessionId: number;
  /** Of one session, oldest first. */
  parts: readonly FeedPart[];
  /** Goes behind each address: `?ticket=…`, or nothing. */
  query: string;
}

interface Segment {
  id: number;
  parts: FeedPart[];
}

/** The segments that are there from their first part on; the last one is still growing. */
export function segmentsOf(parts: readonly FeedPart[]): Segment[] {
  const segments: Segment[] = [];
  for (const part of parts) {
    const last = segments.at(-1);
    if (last?.id === part.segment) last.parts.push(part);
    else segments.push({ id: part.segment, parts: [part] });
  }
  return segments.filter((segment) => segment.parts[0]?.index === 0);
}

/** Whether a playlist would have what a player waits for: a part, or with `part` undefined a whole segment. */
export function hasReached(parts: readonly FeedPart[], { segment, part }: { segment: number; part: number | undefined }): boolean {
  const newest = parts.at(-1);
  if (!newest) return false;
  return newest.segment > segment || (part !== undefined && newest.segment === segment && newest.index >= part);
}

/**
 * The media playlist of a live stream (RFC 8216bis): segments, and for players that know them the parts of the newest ones and the
 * part that comes next. Undefined as long as no segment is there from its begin on.
 */
export function renderPlaylist({ parts, query, sessionId }: PlaylistSource): string | undefined {
  const segments = segmentsOf(parts);
  const [oldest] = segments;
  const newest = segments.at(-1);
  if (!oldest || !newest) return undefined;
  const partTarget = Math.max(...segments.flatMap((segment) => segment.parts.map(({ durationMs }) => durationMs))) / 1_000;
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:9',
    `#EXT-X-TARGETDURATION:${targetSeconds}`,
    `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${(partTarget * 3).toFixed(3)}`,
    `#EXT-X-PART-INF:PART-TARGET=${partTarget.toFixed(3)}`,
    `#EXT-X-MEDIA-SEQUENCE:${oldest.id}`,
    // The camera was connected to anew, and all before it left the list: the number is the connection's own.
    `#EXT-X-DISCONTINUITY-SEQUENCE:${sessionId}`,
    `#EXT-X-MAP:URI="init-${sessionId}.mp4${query}"`,
  ];
  for (const [position, segment] of segments.entries()) {
    const isWhole = segment !== newest;
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.parts[0]?.capturedUnixMs ?? 0).toISOString()}`);
    if (position >= segments.length - segmentsWithParts) lines.push(...segment.parts.map((part) => partLine(part, query)));
    if (isWhole) lines.push(`#EXTINF:${(lengthMs(segment) / 1_000).toFixed(3)},`, `segment-${segment.id}.m4s${query}`);
  }
  const next = `part-${newest.id}-${newest.parts.length}.m4s${query}`;
  lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${next}"`);
  return `${lines.join('\n')}\n`;
}

function partLine({ durationMs, index, isKeyFrame, segment }: FeedPart, query: string): string {
  const independent = isKeyFrame ? ',INDEPENDENT=YES' : '';
  return `#EXT-X-PART:DURATION=${(durationMs / 1_000).toFixed(3)},URI="part-${segment}-${index}.m4s${query}"${independent}`;
}

function lengthMs({ parts }: Segment): number {
  return parts.reduce((sum, { durationMs }) => sum + durationMs, 0);
}
