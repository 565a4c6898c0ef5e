import { chooseFragments, finishLayout, type ClipLayout, type ClipPiece, type ClipSource } from './clip-layout.js';

/** A recorded file of a session, with what was written down of it when the session began. */
export interface SessionSource extends ClipSource {
  /** When its first shown picture is shown, in ms since that of the session. */
  timelineMs: number;
}

/** One media segment of a playlist. */
export interface HlsSegment {
  /** Tells file and place in it: it stays the same when other files of the session have gone. */
  number: number;
  /** Whose `init` its pictures need. */
  fileNumber: number;
  startUnixMs: number;
  durationSeconds: number;
  /** The picture before it is not the one right before in time, or needs another decoder. */
  isDiscontinuous: boolean;
  pieces: ClipPiece[];
}

/** Shortest segment; it ends with the group of pictures that goes beyond. */
const targetMs = 5_000;
/** Files that meet within this are one recording without a gap. */
const contiguousMs = 500;
/** Of one file: at most a day long, of segments of at least five seconds but the last. */
const segmentsEachFileMax = 100_000;

/** File and place in it of the segment of a number. */
export function placeOfSegment(number: number): { fileNumber: number; position: number } {
  return { fileNumber: Math.floor(number / segmentsEachFileMax), position: number % segmentsEachFileMax };
}

/** The segments of one file that show a range. */
export function segmentsOfFile(source: SessionSource, fileNumber: number, range: { fromUnixMs: number; toUnixMs: number }): HlsSegment[] {
  const { index, startUnixMs, timelineMs } = source;
  const chosen = chooseFragments(index, { fromMs: range.fromUnixMs - startUnixMs, toMs: range.toUnixMs - startUnixMs });
  const [first] = chosen;
  if (!first) return [];
  const msOf = (ticks: number) => (ticks * 1_000) / index.timescale;
  const baseTicks = Math.round((timelineMs * index.timescale) / 1_000) - first.startTicks;
  const segments: HlsSegment[] = [];
  chosen.forEach((fragment, position) => {
    const startMs = msOf(fragment.startTicks);
    const current = segments.at(-1);
    const isFull = current && fragment.startsWithKeyFrame && startUnixMs + startMs - current.startUnixMs >= targetMs - contiguousMs;
    const piece = {
      source,
      fragment,
      at: 0,
      sequence: fileNumber * segmentsEachFileMax + position + 1,
      decodeTicks: baseTicks + fragment.startTicks,
    };
    const durationSeconds = msOf(fragment.endTicks - fragment.startTicks) / 1_000;
    if (current && !isFull) {
      current.pieces.push(piece);
      current.durationSeconds += durationSeconds;
      return;
    }
    const number = fileNumber * segmentsEachFileMax + segments.length;
    segments.push({ number, fileNumber, startUnixMs: startUnixMs + startMs, durationSeconds, isDiscontinuous: false, pieces: [piece] });
  });
  return segments;
}

/** All segments of a session. A file that has gone (undefined) is a gap. */
export function planPlaylist(
  sources: readonly (SessionSource | undefined)[],
  range: { fromUnixMs: number; toUnixMs: number },
): HlsSegment[] {
  const segments: HlsSegment[] = [];
  let endMs: number | undefined;
  let format: string | undefined;
  sources.forEach((source, fileNumber) => {
    const ofFile = source ? segmentsOfFile(source, fileNumber, range) : [];
    const [first] = ofFile;
    if (!source || !first) return;
    first.isDiscontinuous = endMs !== undefined && (format !== source.index.format || Math.abs(source.timelineMs - endMs) > contiguousMs);
    endMs = source.timelineMs + ofFile.reduce((sum, { durationSeconds }) => sum + durationSeconds * 1_000, 0);
    format = source.index.format;
    segments.push(...ofFile);
  });
  return segments;
}

/** The bytes of one segment. */
export function layOutSegment({ durationSeconds, pieces, startUnixMs }: HlsSegment): ClipLayout {
  return finishLayout({ head: Buffer.alloc(0), pieces, startUnixMs, endUnixMs: startUnixMs + durationSeconds * 1_000 });
}

function initName(fileNumber: number): string {
  return fileNumber === 0 ? 'init.mp4' : `init-${fileNumber}.mp4`;
}

/**
 * A playlist of recorded video (RFC 8216).
 * @param options.query goes behind each name: a ticket, or nothing
 * @param options.startUnixMs the moment that was asked for; the first segment begins with a key frame before it
 */
export function renderPlaylist(segments: readonly HlsSegment[], options: { query: string; startUnixMs: number }): string {
  const { query, startUnixMs } = options;
  const longestSeconds = Math.max(1, ...segments.map(({ durationSeconds }) => durationSeconds));
  const offsetSeconds = Math.max(0, (startUnixMs - (segments[0]?.startUnixMs ?? startUnixMs)) / 1_000);
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.ceil(longestSeconds)}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-START:TIME-OFFSET=${offsetSeconds.toFixed(3)},PRECISE=YES`,
  ];
  let format: string | undefined;
  let fileNumber: number | undefined;
  for (const segment of segments) {
    if (segment.isDiscontinuous) lines.push('#EXT-X-DISCONTINUITY');
    const itsFormat = segment.pieces[0]?.source.index.format;
    if (itsFormat !== format) lines.push(`#EXT-X-MAP:URI="${initName(segment.fileNumber)}${query}"`);
    format = itsFormat;
    if (segment.fileNumber !== fileNumber) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(segment.startUnixMs).toISOString()}`);
    fileNumber = segment.fileNumber;
    lines.push(`#EXTINF:${segment.durationSeconds.toFixed(5)},`, `segment-${segment.number}.m4s${query}`);
  }
  return `${[...lines, '#EXT-X-ENDLIST'].join('\n')}\n`;
}
