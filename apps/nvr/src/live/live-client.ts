import { toAppError, type Clock } from '@nightjar/runtime';
import type { EndReason, LiveConnection } from './live-connection.js';
import { LiveMessage } from './live-message.js';
import { NotificationCursor } from './notification-cursor.js';

/** A client that takes nothing for so long is cut off; it comes back with its last id and loses nothing. */
const stalledMaxMs = 30_000;

/** Which cameras and messages a client wants and may have. */
export interface LiveFilter {
  /** Undefined: all cameras. */
  cameraIds: ReadonlySet<number> | undefined;
  notifications: boolean;
  overlays: boolean;
  /** What is the matter with the machine. */
  systemAlerts: boolean;
  /** Whether cameras are there. */
  cameraStatus: boolean;
}

interface LiveClientOptions {
  connection: LiveConnection;
  filter: LiveFilter;
  /** Notifications up to it are not this client's. */
  afterSeq: number;
  clock: Clock;
  /** Asks again who the client is and what he may see. @throws AppError */
  revalidate: () => Promise<LiveFilter>;
}

/**
 * One client. Full (its connection takes no more): notifications are left to the rows and follow when it drains; of
 * overlays the newest of each camera waits, as of what is said of its connection, and of system alerts the newest of each kind and host.
 */
export class LiveClient {
  filter: LiveFilter;
  readonly cursor: NotificationCursor;
  /** Rows are being sent to this client: one reader at a time, or some would come twice. */
  isReplaying = false;
  /** Called when the socket takes more again and the client is behind. */
  onRoom: (() => void) | undefined;
  /** By camera, or by what else they are about. */
  private readonly waiting = new Map<number | string, LiveMessage>();
  private fullSinceMs: number | undefined;
  /** The last id that was written: where the client says that it is when it comes back. */
  private toldSeq: number;
  private revalidating: Promise<void> | undefined;

  constructor(private readonly options: LiveClientOptions) {
    this.filter = options.filter;
    this.cursor = new NotificationCursor(options.afterSeq);
    this.toldSeq = options.afterSeq;
    options.connection.whenRoom(() => this.onDrain());
  }

  get isFull(): boolean {
    return this.fullSinceMs !== undefined;
  }

  get isOpen(): boolean {
    return this.options.connection.isOpen;
  }

  wants(cameraId: number): boolean {
    return this.filter.cameraIds === undefined || this.filter.cameraIds.has(cameraId);
  }

  offerNotification(notification: { seq: number; cameraId: number; message: LiveMessage }): void {
    if (!this.filter.notifications || !this.cursor.isLive) return;
    if (this.isFull) return this.cursor.fallBehind(notification.seq);
    // Who listens is asked anew every now and then; a filter that has become narrower since counts at once.
    if (this.wants(notification.cameraId) && this.cursor.takeLive(notification.seq)) this.write(notification.message);
  }

  offerOverlay(overlay: { cameraId: number; message: LiveMessage }): void {
    if (!this.filter.overlays || !this.wants(overlay.cameraId)) return;
    this.writeNewest(overlay.cameraId, overlay.message);
  }

  offerSystemAlert({ about, message }: { about: string; message: LiveMessage }): void {
    if (this.filter.systemAlerts) this.writeNewest(about, message);
  }

  offerCameraStatus({ cameraId, message }: { cameraId: number; message: LiveMessage }): void {
    if (this.filter.cameraStatus && this.wants(cameraId)) this.writeNewest(`camera ${cameraId}`, message);
  }

  /**
   * How far it has got, where that is more than it was told: on a camera where nothing happens it would come back from further and
   * further behind.
   * @param liveSeq live clients were offered everything up to it; whoever is not one of them has what its cursor says
   */
  tellPosition(liveSeq: number): void {
    if (!this.filter.notifications || this.isFull) return;
    const seq = this.cursor.isLive ? Math.max(liveSeq, this.cursor.sentUpTo) : this.cursor.sentUpTo;
    if (seq > this.toldSeq) this.write(new LiveMessage({ event: 'position', id: seq, data: {} }));
  }

  write(message: LiveMessage): void {
    if (!this.isOpen) return;
    if ('id' in message.content) this.toldSeq = message.content.id;
    if (!this.options.connection.send(message)) this.fullSinceMs ??= this.options.clock.monotonicMs();
  }

  /** Keeps proxies from closing a quiet connection, tells it how far it has got, and ends one that is dead. */
  beat(liveSeq: number): void {
    if (!this.isOpen) return;
    if (this.fullSinceMs === undefined) {
      this.tellPosition(liveSeq);
      this.options.connection.keepAlive();
    } else if (this.options.clock.monotonicMs() - this.fullSinceMs > stalledMaxMs) this.options.connection.destroy();
  }

  /** Ends the stream of whoever logged out, was switched off or whose token is too old; a database that is away ends nothing. */
  revalidate(): Promise<void> {
    // One at a time: while the database is slow questions would heap up, and an old answer could come after a newer one.
    this.revalidating ??= this.askAgain().finally(() => (this.revalidating = undefined));
    return this.revalidating;
  }

  end(reason: EndReason): void {
    this.options.connection.end(reason);
  }

  private async askAgain(): Promise<void> {
    try {
      this.filter = await this.options.revalidate();
    } catch (error) {
      if (!toAppError(error).retryable) this.end('refused');
    }
  }

  private writeNewest(about: number | string, message: LiveMessage): void {
    if (this.isFull) this.waiting.set(about, message);
    else this.write(message);
  }

  private onDrain(): void {
    this.fullSinceMs = undefined;
    for (const [about, message] of this.waiting) {
      if (this.isFull) return;
      this.waiting.delete(about);
      this.write(message);
    }
    if (!this.cursor.isLive) this.onRoom?.();
  }
}
