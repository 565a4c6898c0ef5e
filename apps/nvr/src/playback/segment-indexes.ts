import type { FileHandle } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Clock } from '@nightjar/runtime';
import type { NvrConfig } from '../config.js';
import { CLOCK, CONFIG } from '../process-parts.js';
import { openRecording } from '../segments/locate-recording.js';
import type { Segment } from '../segments/segments.store.js';
import { indexSegment, type SegmentIndex } from './index-segment.js';
import { Places } from './places.js';

/** Of all indexes that are remembered together, some 100 bytes each. Full: the index that was asked for longest ago goes. */
const fragmentsMax = 200_000;
/** What nobody asked for so long is forgotten at the next question: people look on, or leave. */
const unaskedMsMax = 5 * 60_000;
/** Files that are read at a time for one caller. */
const filesAtOnce = 8;
/** Files that are read at a time for all callers together, each with a handle. Full: 503. */
const readsAtOnceMax = 512;

/** What of a recorded file is asked for: as far as `sizeBytes`. */
type IndexedFile = Pick<Segment, 'id' | 'file' | 'sizeBytes'>;

interface Remembered {
  index: SegmentIndex;
  sizeBytes: number;
  askedMs: number;
}

/** Tells what is where in recorded files. What was written never changes, so an index is good for ever, as far as it goes. */
@Injectable()
export class SegmentIndexes {
  /** By segment; the one asked for last stands last. */
  private readonly remembered = new Map<number, Remembered>();
  private fragments = 0;
  /** Being read, as far as each is asked for: who asks for the same waits for the same. */
  private readonly reading = new Map<string, Promise<SegmentIndex>>();
  private readonly places = new Places(readsAtOnceMax, 'recordings');

  constructor(
    @Inject(CONFIG) private readonly config: NvrConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** In the order of the files. @throws AppError `not_found` when one is gone, `unprocessable` when one is no recording, `overloaded` */
  async read(files: readonly IndexedFile[]): Promise<SegmentIndex[]> {
    const indexes: SegmentIndex[] = [];
    for (let first = 0; first < files.length; first += filesAtOnce)
      indexes.push(...(await Promise.all(files.slice(first, first + filesAtOnce).map((file) => this.readOne(file)))));
    return indexes;
  }

  /** Opens a recorded file for reading. @throws AppError `not_found` */
  async open(file: string): Promise<FileHandle> {
    const handle = await openRecording(this.config, file);
    if (!handle) throw new AppError('not_found', 'a recording of this range is gone');
    return handle;
  }

  private async readOne(file: IndexedFile): Promise<SegmentIndex> {
    const known = this.remembered.get(file.id);
    if (known && known.sizeBytes >= file.sizeBytes) {
      this.remembered.delete(file.id);
      known.askedMs = this.clock.monotonicMs();
      this.remembered.set(file.id, known);
      return upTo(known, file.sizeBytes);
    }
    const key = `${file.id} ${file.sizeBytes}`;
    return this.reading.get(key) ?? this.begin(key, file);
  }

  private begin(key: string, file: IndexedFile): Promise<SegmentIndex> {
    const leave = this.places.take();
    const read = this.index(file).finally(() => {
      leave();
      this.reading.delete(key);
    });
    this.reading.set(key, read);
    return read;
  }

  private async index(file: IndexedFile): Promise<SegmentIndex> {
    const handle = await this.open(file.file);
    try {
      const index = await indexSegment(handle, file.sizeBytes);
      this.remember(file, index);
      return index;
    } finally {
      await handle.close();
    }
  }

  private remember({ id, sizeBytes }: IndexedFile, index: SegmentIndex): void {
    this.forget(id);
    const askedMs = this.clock.monotonicMs();
    this.remembered.set(id, { index, sizeBytes, askedMs });
    this.fragments += index.fragments.length;
    for (const [oldest, { askedMs: lastMs }] of this.remembered) {
      if (this.fragments <= fragmentsMax && askedMs - lastMs <= unaskedMsMax) return;
      this.forget(oldest);
    }
  }

  private forget(id: number): void {
    this.fragments -= this.remembered.get(id)?.index.fragments.length ?? 0;
    this.remembered.delete(id);
  }
}

/** A file that is still written was longer when somebody else asked. */
function upTo({ index, sizeBytes }: Remembered, wantedBytes: number): SegmentIndex {
  if (sizeBytes === wantedBytes) return index;
  return { ...index, fragments: index.fragments.filter(({ endOffset }) => endOffset <= wantedBytes) };
}
