import { setImmediate } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Overlay } from '@nightjar/contracts';
import { AppError, type Logger } from '@nightjar/runtime';
import { eventView } from '../events/event-view.js';
import type { ApiConfig } from '../config.js';
import { EventsStore, type Event } from '../events/events.store.js';
import { CONFIG, LOGGER } from '../process-parts.js';
import type { LiveClient } from './live-client.js';
import { LiveListeners } from './live-listeners.js';
import { LiveMessage } from './live-message.js';

/** Full: 503, the caller comes again. ~20 KB each. */
const clientsMax = 5_000;
/** The nudge over the bus may be lost; rows are asked this often anyway while somebody listens. */
const pollMs = 1_000;
const pageRows = 200;
/** Events that are told in one turn of the event loop: they go out as one, and a client with an empty buffer has room for them. */
const eventsAtOnce = 8;
/** Parts that a round of beats is done in. */
const beatShares = 20;

/** Knows all live clients of this process, reads new notifications from the rows once for all of them, and hands overlays on. */
@Injectable()
export class LiveHub implements OnModuleDestroy {
  private readonly listeners = new LiveListeners();
  /** Each is looked after once in a round of beats, with its share. */
  private readonly shares = Array.from({ length: beatShares }, () => new Set<LiveClient>());
  private added = 0;
  /** Live clients have been told up to here. */
  private liveSeq = 0;
  private reading: Promise<void> | undefined;
  private readAgain = false;
  /** The last look at the rows failed: it was said, and is not said with each look. */
  private isFailing = false;
  private isStopped = false;
  private readonly poll = setInterval(() => this.wake(), pollMs);
  private readonly beat: NodeJS.Timeout;
  private beats = 0;

  constructor(
    private readonly events: EventsStore,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CONFIG) { liveBeatMs }: ApiConfig,
  ) {
    this.beat = setInterval(() => this.beatSome(), liveBeatMs / beatShares);
  }

  /** @throws AppError `overloaded` */
  requireRoom(): void {
    if (this.listeners.size >= clientsMax) throw new AppError('overloaded', 'too many live clients', { retryAfterMs: 5_000 });
  }

  /** @param newestSeq the newest notification there is: without clients nobody has followed the rows */
  add(client: LiveClient, newestSeq: number): void {
    if (this.listeners.size === 0) this.liveSeq = Math.max(this.liveSeq, newestSeq);
    this.listeners.add(client);
    this.shares[this.added++ % beatShares]?.add(client);
    client.onRoom = () => this.catchUp(client);
    this.catchUp(client);
  }

  remove(client: LiveClient): void {
    this.listeners.remove(client);
    for (const share of this.shares) share.delete(client);
  }

  /** Rows may have changed: reads what is new. */
  wake(): void {
    if (this.listeners.size === 0 || this.isStopped) return;
    if (this.reading) {
      this.readAgain = true;
      return;
    }
    this.reading = this.readNew()
      .then(
        () => void (this.isFailing = false),
        (error: unknown) => this.noteFailure(error),
      )
      .finally(() => {
        this.reading = undefined;
        if (this.readAgain) {
          this.readAgain = false;
          this.wake();
        }
      });
  }

  drawOverlay(overlay: Overlay): void {
    if (this.listeners.size === 0) return;
    const message = new LiveMessage({ event: 'overlay', data: overlay });
    for (const client of this.listeners.of(overlay.camera_id)) client.offerOverlay({ cameraId: overlay.camera_id, message });
  }

  /** Whether somebody listens who may see system alerts. */
  get hasAlertListeners(): boolean {
    for (const { filter } of this.listeners.all()) if (filter.systemAlerts) return true;
    return false;
  }

  /** @param alert.about the kind of alert, and the host: of each the newest waits for who is slow */
  tellSystemAlert(alert: { about: string; message: LiveMessage }): void {
    for (const client of this.listeners.all()) client.offerSystemAlert(alert);
  }

  /** Whether somebody listens who is told of cameras that come and go. */
  get hasStatusListeners(): boolean {
    for (const { filter } of this.listeners.all()) if (filter.cameraStatus) return true;
    return false;
  }

  tellCameraStatus(cameraId: number, message: LiveMessage): void {
    for (const client of this.listeners.of(cameraId)) client.offerCameraStatus({ cameraId, message });
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.poll);
    clearInterval(this.beat);
    for (const client of this.listeners.all()) client.end('over');
    await this.reading;
  }

  /** A share of the clients at a time, each with every round: all at once would hold events up. */
  private beatSome(): void {
    for (const client of this.shares[this.beats++ % beatShares] ?? []) {
      client.beat(this.liveSeq);
      void client.revalidate().then(() => this.listeners.refile(client));
    }
  }

  /** Sends a client the rows after its position until it is level with the live ones, or takes no more. */
  private catchUp(client: LiveClient): void {
    if (client.isReplaying || !client.filter.notifications) return;
    client.isReplaying = true;
    this.replay(client).catch((error: unknown) => {
      this.logger.warn('a replay failed', { error });
      // The client comes back with the id of the last one that it got.
      client.end('over');
    });
  }

  private async readNew(): Promise<void> {
    let page: Event[];
    do {
      page = await this.events.listAfter({ afterSeq: this.liveSeq, cameraIds: undefined }, pageRows);
      for (let first = 0; first < page.length; first += eventsAtOnce) {
        for (const event of page.slice(first, first + eventsAtOnce)) this.tellLive(event);
        // What was told goes out, and others have their turn.
        if (page.length > eventsAtOnce) await setImmediate();
      }
    } while (page.length === pageRows && !this.isStopped);
  }

  private noteFailure(error: unknown): void {
    if (!this.isFailing) this.logger.warn('notifications cannot be read, it is tried again', { error });
    this.isFailing = true;
  }

  private tellLive(event: Event): void {
    this.liveSeq = event.seq;
    const notification = { seq: event.seq, cameraId: event.cameraId, message: notificationOf(event) };
    for (const client of this.listeners.of(event.cameraId)) client.offerNotification(notification);
  }

  private async replay(client: LiveClient): Promise<void> {
    try {
      while (client.isOpen && !client.isFull && !client.cursor.isLive) await this.replayPage(client);
    } finally {
      client.isReplaying = false;
    }
  }

  private async replayPage(client: LiveClient): Promise<void> {
    const liveSeqBefore = this.liveSeq;
    const { cursor, filter } = client;
    const page = await this.events.listAfter({ afterSeq: cursor.sentUpTo, cameraIds: filter.cameraIds }, pageRows);
    for (const event of page) {
      client.write(notificationOf(event));
      cursor.takeReplayed(event.seq);
    }
    // What was passed over is passed over the next time too, also by a client that is cut off before it is looked after.
    if (cursor.endPage({ complete: page.length < pageRows, liveSeqBefore, liveSeqNow: this.liveSeq })) client.tellPosition(this.liveSeq);
  }
}

function notificationOf(event: Event): LiveMessage {
  return new LiveMessage({ event: 'notification', id: event.seq, data: eventView(event) });
}
