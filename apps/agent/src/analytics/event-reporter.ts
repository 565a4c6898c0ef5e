import { reportEvent, type EventReport } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { AppError, pause, toAppError, type Logger } from '@nightjar/runtime';
import { eventKey, type EventSpool } from './event-spool.js';

interface PendingReport {
  report: EventReport;
  /** How often nvr failed on this very report. */
  failures: number;
  /** It is not tried for a while, since nvr failed on it. */
  isResting: boolean;
  /** Run once when this report, or a later one that took its place, is settled. */
  whenSettled: (() => void)[];
}

/** Events that wait for nvr, in memory and on disk. Full: the oldest is dropped and counted, since its video is elsewhere. */
export const pendingEventsMax = 2_048;
/** Events that wait with their pictures. Beyond, one waits without: pictures are a thousand times as large. */
const pendingPicturesMax = 512;
const requestTimeoutMs = 2_000;
const firstPauseMs = 250;
const longestPauseMs = 5_000;
/**
 * A report that nvr fails on rests, longer each time, and the others go first: nvr may fail on it alone, or because of something that
 * passes, as a disk that is full.
 */
const firstRestMs = 5_000;
const longestRestMs = 300_000;

/**
 * Brings events to nvr, one after the other, until each is acknowledged, which is after its row is committed, or refused for what it
 * says. A later report of an event takes the place of one that still waits, and keeps its picture. With a spool, what waits survives
 * the agent.
 */
export class EventReporter {
  /** By camera and track, in the order in which they were first reported; behind them those that nvr failed on. */
  private readonly pending = new Map<string, PendingReport>();
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  private droppedCount = 0;

  constructor(
    private readonly options: {
      bus: Pick<Bus, 'request'>;
      logger: Logger;
      spool?: EventSpool | undefined;
      pendingMax?: number;
      firstRestMs?: number;
    },
  ) {}

  /** Events that were never reported because too many waited, since the start. */
  get dropped(): number {
    return this.droppedCount;
  }

  get waiting(): number {
    return this.pending.size;
  }

  /** Takes over what former agents left on disk. */
  async restore(): Promise<void> {
    const { spool, logger } = this.options;
    const left = (await spool?.load()) ?? [];
    for (const { key, report } of left) this.pending.set(key, { report, failures: 0, isResting: false, whenSettled: [] });
    if (left.length > 0) logger.info('events that waited on disk are reported', { count: left.length });
    if (left.length > 0) this.start();
  }

  /** @param whenSettled nvr has the event and its picture, or never will: what was kept for it may go */
  report(report: EventReport, whenSettled: () => void = () => undefined): void {
    const { pendingMax = pendingEventsMax, spool } = this.options;
    const key = eventKey(report);
    const waiting = this.pending.get(key);
    const hasRoom = waiting !== undefined || this.pending.size < pendingPicturesMax;
    if (!hasRoom) whenSettled();
    const picture = hasRoom ? report.frame_file : null;
    const merged = { ...report, frame_file: picture ?? waiting?.report.frame_file ?? null };
    this.pending.set(key, {
      report: merged,
      failures: 0,
      isResting: false,
      whenSettled: [...(waiting?.whenSettled ?? []), ...(hasRoom ? [whenSettled] : [])],
    });
    spool?.keep(key, merged);
    if (this.pending.size > pendingMax) this.dropOldest();
    this.start();
  }

  /** Delivers what waits until the deadline; what is left then waits on disk for the next agent, without one it is lost. */
  async flush(deadline: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true }));
    if (!deadline.aborted) await Promise.race([this.running, aborted]);
    this.stopping.abort(new AppError('cancelled', 'the agent stops'));
    await this.running;
    await this.options.spool?.settle();
    if (this.pending.size > 0) this.options.logger.warn('events were not reported yet', { count: this.pending.size });
  }

  private start(): void {
    if (this.stopping.signal.aborted) return;
    this.running ??= this.deliverAll().finally(() => {
      this.running = undefined;
      // One may have come between the last look at the queue and now.
      if (this.next()) this.start();
    });
  }

  private async deliverAll(): Promise<void> {
    let pauseMs = firstPauseMs;
    for (let next = this.next(); next && !this.stopping.signal.aborted; next = this.next()) {
      if (await this.deliver(next.key, next.entry)) {
        pauseMs = firstPauseMs;
        continue;
      }
      // All that is left rests.
      if (!this.next()) return;
      await pause(pauseMs, this.stopping.signal);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }

  /** The first that may be tried. */
  private next(): { key: string; entry: PendingReport } | undefined {
    for (const [key, entry] of this.pending) if (!entry.isResting) return { key, entry };
    return undefined;
  }

  /** @returns false when it should be tried again */
  private async deliver(key: string, entry: PendingReport): Promise<boolean> {
    const { bus, logger } = this.options;
    try {
      await bus.request(reportEvent, entry.report, { timeoutMs: requestTimeoutMs, signal: this.stopping.signal });
    } catch (thrown) {
      const error = toAppError(thrown);
      const { camera_id: cameraId } = entry.report;
      if (error.code === 'internal') this.rest(key, entry);
      if (error.retryable || error.code === 'cancelled' || error.code === 'internal') {
        const { failures } = entry;
        logger.warn('an event was not acknowledged yet', { cameraId, waiting: this.pending.size, failures, error: error.message });
        return false;
      }
      logger.warn('an event was refused', { cameraId, error });
    }
    this.settle(key, entry);
    return true;
  }

  /** Lets the others go first. A later report of the event that came meanwhile is tried at once. */
  private rest(key: string, entry: PendingReport): void {
    entry.failures++;
    if (this.pending.get(key) !== entry) return;
    this.pending.delete(key);
    this.pending.set(key, entry);
    entry.isResting = true;
    const restMs = Math.min((this.options.firstRestMs ?? firstRestMs) * 2 ** (entry.failures - 1), longestRestMs);
    setTimeout(() => {
      entry.isResting = false;
      this.start();
    }, restMs).unref();
  }

  private settle(key: string, entry: PendingReport): void {
    for (const settled of entry.whenSettled) settled();
    const current = this.pending.get(key);
    if (current === entry) {
      this.pending.delete(key);
      this.options.spool?.forget(key);
    } else if (current) {
      // A later report came while this one was on its way. The picture was delivered with this one and may be gone now.
      current.whenSettled.splice(0, entry.whenSettled.length);
      if (current.report.frame_file === entry.report.frame_file) current.report = { ...current.report, frame_file: null };
    }
  }

  private dropOldest(): void {
    const [oldest] = this.pending;
    if (!oldest) return;
    const [key, { report, whenSettled }] = oldest;
    this.pending.delete(key);
    this.options.spool?.forget(key);
    this.droppedCount++;
    this.options.logger.warn('an event was dropped: too many wait', {
      dropped: this.droppedCount,
      cameraId: report.camera_id,
      trackId: report.track_id,
    });
    for (const settled of whenSettled) settled();
  }
}
