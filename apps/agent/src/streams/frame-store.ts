import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { clipBox, expandBox, pixelLtwh, type BoxXyxy } from '@nightjar/geometry';
import type { JpegPicture } from '@nightjar/media';
import { replaceFile, type Logger } from '@nightjar/runtime';
import sharp from 'sharp';
import type { ImageRetainPolicy } from '../analytics/callback-parameters.js';
import { overviewPicture } from '../analytics/overview-picture.js';

/** A person's picture shows this share of its height around it. */
const cropMarginHeights = 0.15;
const personJpegQuality = 85;
/** Overviews of events that were told to callbacks; beyond, the oldest goes. */
const overviewsMax = 32;
/** Pictures of events that a killed agent left behind; nvr has copied what it acknowledged within seconds. */
const leftoverMs = 24 * 3_600_000;

/**
 * The pictures of one camera in the frames directory, where the adapter and nvr read them: `latest.jpg`, `event_trigger.jpg`
 * (the frame that opened the newest event), `person.jpg` (the person of it), and one picture an event until nvr has it.
 * Overviews that callbacks were told of stay until newer ones take their place.
 * Every file appears whole: what is being written has a name that no frame URI can have.
 */
export class FrameStore {
  private readonly directory: string;
  private writing: Promise<void> | undefined;
  private waiting: Buffer | undefined;
  private failed = false;
  /** Names, oldest first. */
  private readonly overviews: string[] = [];

  constructor(private readonly options: { framesDir: string; framesName: string; logger: Logger }) {
    this.directory = path.join(options.framesDir, options.framesName);
  }

  /** Makes the directory and clears what a killed agent left. */
  async open(): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    for (const file of await readdir(this.directory)) {
      const isOfEvent = file.startsWith('event_') || file.startsWith('overview_');
      const isLeftover = file.startsWith('.') || (isOfEvent && file !== 'event_trigger.jpg');
      const full = path.join(this.directory, file);
      const { mtimeMs } = await stat(full).catch(() => ({ mtimeMs: Date.now() }));
      if (isLeftover && Date.now() - mtimeMs > leftoverMs) await rm(full, { force: true });
    }
  }

  /** Replaces `latest.jpg`. While one is being written the newest waits, and replaces another one that waits (bound 1). */
  writeLatest(jpeg: Buffer): void {
    this.waiting = jpeg;
    this.writing ??= this.writeWaiting().finally(() => {
      this.writing = undefined;
    });
  }

  /** Writes the pictures of an event, `person.jpg` where there is a person's box. @returns the name of the event's own picture */
  async writeEvent(event: { trackId: string; picture: JpegPicture; box?: BoxXyxy }): Promise<string> {
    const { box, picture, trackId } = event;
    const file = `event_${trackId}.jpg`;
    await Promise.all([
      this.replace(file, picture.bytes),
      this.replace('event_trigger.jpg', picture.bytes),
      box && cropPerson(picture, box).then((person) => this.replace('person.jpg', person)),
    ]);
    return file;
  }

  /** Keeps a picture that a callback is told the address of, as long as it is among the newest. */
  async writeOverview(file: string, jpeg: Uint8Array, policy: ImageRetainPolicy): Promise<void> {
    await this.replace(file, await overviewPicture(jpeg, policy));
    this.overviews.push(file);
    for (const old of this.overviews.splice(0, this.overviews.length - overviewsMax)) await this.removeEvent(old);
  }

  async removeEvent(file: string): Promise<void> {
    await rm(path.join(this.directory, file), { force: true });
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    await this.writing;
  }

  private async writeWaiting(): Promise<void> {
    for (let jpeg = this.takeWaiting(); jpeg; jpeg = this.takeWaiting()) {
      try {
        await this.replace('latest.jpg', jpeg);
        if (this.failed) this.options.logger.info('the frames directory takes pictures again');
        this.failed = false;
      } catch (error) {
        // Said once, not for every frame: the disk is full, or somebody removed the directory.
        if (!this.failed) this.options.logger.error('the latest picture was not written', { error });
        this.failed = true;
        // If this fails too, the next write tells the same.
        await mkdir(this.directory, { recursive: true }).catch(() => undefined);
      }
    }
  }

  private takeWaiting(): Buffer | undefined {
    const jpeg = this.waiting;
    this.waiting = undefined;
    return jpeg;
  }

  private replace(file: string, bytes: Uint8Array): Promise<void> {
    return replaceFile(path.join(this.directory, file), bytes);
  }
}

async function cropPerson(picture: JpegPicture, box: BoxXyxy): Promise<Buffer> {
  const size = { width: picture.width, height: picture.height };
  const [left, top, width, height] = pixelLtwh(clipBox(expandBox(box, (box.y2 - box.y1) * cropMarginHeights), size), size);
  if (width < 1 || height < 1) return picture.bytes;
  return sharp(picture.bytes).extract({ left, top, width, height }).jpeg({ quality: personJpegQuality }).toBuffer();
}
