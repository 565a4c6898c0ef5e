import { AppError } from '@nightjar/runtime';
import { Mp4BoxSplitter, type Mp4Box } from './mp4-boxes.js';
import { parseFragment, rebaseFragment } from './parse-fragment.js';
import { parseInitSegment, type VideoTrack } from './parse-init-segment.js';
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
  for await (const chunk of stream) {
    for (const box of splitter.push(chunk)) {
      if (box.type === 'ftyp') begin.push(box);
      if (box.type === 'moov')
        yield { kind: 'init', bytes: Buffer.concat([...begin, box].map(({ bytes }) => bytes)), track: parseInitSegment(box) };
      if (box.type === 'moof') moof = box;
      if (box.type === 'mdat') {
        if (!moof) throw new AppError('unprocessable', 'the stream has media without times');
        yield { kind: 'fragment', fragment: fragmentOf(moof, box) };
        moof = undefined;
      }
    }
  }
}

function fragmentOf(moof: Mp4Box, mdat: Mp4Box): Fragment {
  return {
    ...parseFragment(moof),
    piecesFrom: (originTicks) => [(originTicks === 0 ? moof : rebaseFragment(moof, originTicks)).bytes, mdat.bytes],
  };
}
