import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AppError } from '@nightjar/runtime';
import type { ByteRange } from '../segments/parse-range-header.js';
import type { TimeRange } from '../segments/segments.service.js';
import { SegmentsStore, type Segment } from '../segments/segments.store.js';
import { layOutClip, type ClipLayout, type ClipSource } from './clip-layout.js';
import { Places } from './places.js';
import { readClip, streamClip } from './read-clip.js';
import { SegmentIndexes } from './segment-indexes.js';

/** Each reads the begins of fragments of up to hundreds of files. */
const layoutsAtOnceMax = 64;
/** Each holds a file handle and 256 KiB. */
const readersAtOnceMax = 64;
/** A client that takes nothing for so long has gone without saying so. */
const stalledMsMax = 60_000;

/** Clips of any range of time, made of bytes of recorded files: nothing is decoded, written or kept. */
@Injectable()
export class ClipsService {
  private readonly layoutPlaces = new Places(layoutsAtOnceMax, 'clips');
  private readonly readerPlaces = new Places(readersAtOnceMax, 'clips');

  constructor(
    private readonly segments: SegmentsStore,
    private readonly indexes: SegmentIndexes,
  ) {}

  /**
   * A clip of a range, from the key frame at or before its begin.
   * @throws AppError `not_found` when nothing is recorded there, `conflict` when the picture changed in between, `overloaded`
   */
  async layOut(cameraId: number, range: TimeRange): Promise<ClipLayout> {
    const { fromUnixMs, toUnixMs } = range;
    const leave = this.layoutPlaces.take();
    try {
      const segments = await this.segments.listOverlapping(cameraId, { from: new Date(fromUnixMs), to: new Date(toUnixMs) });
      const sources = sourcesOf(segments, await this.indexes.read(segments));
      mustHaveOneFormat(sources);
      return layOutClip(sources, range);
    } finally {
      leave();
    }
  }

  /** Reads as fast as its client does. @throws AppError `overloaded` */
  read(layout: ClipLayout, bytes: ByteRange): Readable {
    const leave = this.readerPlaces.take();
    return streamClip(layout, { bytes, open: (file) => this.indexes.open(file), stalledMsMax }).once('close', leave);
  }

  /** All of it, as fast as it is taken, for a caller of this process. */
  readAll(layout: ClipLayout): AsyncGenerator<Buffer, void, undefined> {
    return readClip(layout, { bytes: { first: 0, last: layout.sizeBytes - 1 }, open: (file) => this.indexes.open(file) });
  }
}

/** Recorded files and what is where in them, in the same order. */
export function sourcesOf(segments: readonly Segment[], indexes: readonly ClipSource['index'][]): ClipSource[] {
  return segments.flatMap(({ file, id, startsAt }, position) => {
    const index = indexes[position];
    return index ? [{ segmentId: id, file, startUnixMs: startsAt.getTime(), index }] : [];
  });
}

/** @throws AppError `conflict` when a decoder would have to be set up anew in the middle */
export function mustHaveOneFormat(sources: readonly ClipSource[]): void {
  const [first] = sources;
  const other = sources.find(({ index }) => index.format !== first?.index.format);
  if (!first || !other) return;
  const [before, after] = [first, other].map(({ index }) => index.format.split(' ').slice(0, 2).join(' '));
  const when = new Date(other.startUnixMs).toISOString();
  throw new AppError('conflict', `the camera's picture changed from ${before} to ${after} at ${when}: ask for two clips`);
}
