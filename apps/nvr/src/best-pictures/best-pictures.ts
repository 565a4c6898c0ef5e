import path from 'node:path';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { eventCommitted } from '@nightjar/contracts';
import { JpegSplitter, type JpegPicture } from '@nightjar/media';
import { Bus } from '@nightjar/messaging';
import { AppError, deadlineSignal, pause, sleep, toAppError, type Logger } from '@nightjar/runtime';
import { EventsStore, type Event } from '../events/events.store.js';
import { EvidenceFiles } from '../events/evidence-files.js';
import { PlaybackService } from '../playback/playback.service.js';
import { LOGGER } from '../process-parts.js';
import { BestPicturesStore } from './best-pictures.store.js';
import { wantedMoment, type WantedMoment } from './wanted-moment.js';

/** Events that wait. Full: further ones keep the picture of their substream. */
const waitingMax = 128;
/** What happened and was over in one moment is on disk, and in the row of its file, so long after it. */
const recordedAfterMs = 4_000;
const pictureMaxMs = 10_000;
/** People who look at recordings come first: their places are asked for once more, later. */
const busyPauseMs = 2_000;

/**
 * Gives events of cameras that are analysed on a substream the picture of their main stream, when they have ended: the frame that was
 * recorded at the moment of their best picture. One FFmpeg for one event, one event after the other; the main stream is not decoded
 * otherwise. Where nothing is recorded the picture of the substream stays, and the event goes on saying that it is one.
 */
@Injectable()
export class BestPictures implements OnModuleDestroy {
  private readonly stopping = new AbortController();
  /** When each is due, on the clock that never jumps; the first offered is due first. */
  private readonly waiting = new Map<number, number>();
  private working: Promise<void> | undefined;

  constructor(
    private readonly events: EventsStore,
    private readonly evidence: EvidenceFiles,
    private readonly playback: PlaybackService,
    private readonly store: BestPicturesStore,
    private readonly bus: Bus,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Looks for a better picture of an event that has ended. Answers at once. */
  offer(eventId: number): void {
    if (this.stopping.signal.aborted) return;
    if (this.waiting.size >= waitingMax) {
      this.logger.warn('an event keeps the picture of its substream: too many wait', { eventId });
      return;
    }
    this.waiting.set(eventId, performance.now() + recordedAfterMs);
    this.working ??= this.work().finally(() => (this.working = undefined));
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.working;
  }

  private async work(): Promise<void> {
    const { signal } = this.stopping;
    for (const [eventId, dueMs] of this.waiting) {
      await pause(Math.max(0, dueMs - performance.now()), signal);
      this.waiting.delete(eventId);
      if (signal.aborted) return;
      await this.improve(eventId).catch((thrown: unknown) => {
        const { message: reason } = toAppError(thrown);
        this.logger.debug('an event keeps the picture of its substream', { eventId, reason });
      });
    }
  }

  private async improve(eventId: number): Promise<void> {
    const event = await this.events.find(eventId, { kind: 'all' });
    const moment = event?.evidenceFile ? wantedMoment(event.payload) : undefined;
    if (!event || !moment) return;
    const [picture] = new JpegSplitter().push(await this.readInTime(event.cameraId, moment));
    if (picture && picture.width * picture.height > moment.pixels) await this.show(event, picture);
  }

  private async readInTime(cameraId: number, { atUnixMs }: WantedMoment): Promise<Buffer> {
    const read = () => this.playback.readPicture(cameraId, { atUnixMs, signal: deadlineSignal(pictureMaxMs, this.stopping.signal) });
    return read().catch(async (error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'overloaded') throw error;
      await sleep(busyPauseMs, this.stopping.signal);
      return read();
    });
  }

  /** The file is there before the row that names it; what no row names any more goes. */
  private async show(event: Event, { bytes, height, width }: JpegPicture): Promise<void> {
    const { cameraId, evidenceFile, startedAt, trackId } = event;
    if (evidenceFile === null) return;
    const eventKey = `${cameraId} ${trackId ?? ''} ${startedAt.getTime()}`;
    const { file, isNew } = await this.evidence.keepBytes(bytes, { cameraUuid: path.dirname(evidenceFile), eventKey });
    const seq = await this.store.replace(event, { file, width, height }).catch(async (error: unknown) => {
      if (isNew) await this.evidence.drop(file);
      throw error;
    });
    if (seq === undefined) {
      if (isNew) await this.evidence.drop(file);
      return;
    }
    if (file !== evidenceFile) await this.evidence.drop(evidenceFile);
    this.bus.publish(eventCommitted, { seq });
  }
}
