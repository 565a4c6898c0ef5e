import { AppError } from '@nightjar/runtime';
import { Mp4BoxSplitter, wholeBox, type Mp4Box, type StreamBox } from '../mp4/mp4-boxes.js';
import { hasVideo, parseFragment, rebaseFragment } from '../mp4/parse-fragment.js';
import { labelForPlayers, parseInitSegment, type VideoTrack } from '../mp4/parse-init-segment.js';
import type { Fragment } from './segment-writer.js';

/** What a fragmented MP4 stream consists of: once its begin, then fragments. */
export type StreamPart = { kind: 'init'; bytes: Buffer; track: VideoTrack } | { kind: 'fragment'; fragment: Fragment };

/**
 * Reads FFmpeg's output as it comes; the stream waits while the caller does.
 * @throws AppError `unprocessable` when it is no such stream
 */
export async function* readFragments(stream: AsyncIterable<Buffer>): AsyncGenerator<StreamPart, void, undefined> {
  const splitter = new Mp4BoxSplitter();
  const begin: Mp4Box[] = [];
  let moof: Mp4Box | undefined;
  let track: VideoTrack | undefined;
  for await (const chunk of stream) {
    for (const box of splitter.push(chunk)) {
      if (box.type === 'ftyp') begin.push(wholeBox(box));
      if (box.type === 'moov') {
        const moov = labelForPlayers(wholeBox(box));
        track = parseInitSegment(moov);
        yield { kind: 'init', bytes: Buffer.concat([...begin, moov].map(({ bytes }) => bytes)), track };
      }
      if (box.type === 'moof') moof = wholeBox(box);
      if (box.type === 'mdat') {
        if (!moof || !track) throw new AppError('unprocessable', 'the stream has media without times');
        // Sound without a picture has no place in files that begin with pictures: while there are none, it is left out.
        if (hasVideo(moof)) yield { kind: 'fragment', fragment: fragmentOf(moof, box, track) };
        moof = undefined;
      }
    }
  }
}

function fragmentOf(moof: Mp4Box, mdat: StreamBox, track: VideoTrack): Fragment {
  return {
    ...parseFragment(moof),
    piecesFrom: (originTicks) => [(originTicks === 0 ? moof : rebaseFragment(moof, originTicks, track)).bytes, ...mdat.pieces],
  };
}
