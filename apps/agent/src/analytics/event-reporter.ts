import { reportEvent, type EventReport } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { AppError, sleep, toAppError, type Logger } from '@nightjar/runtime';

interface PendingReport {
  report: EventReport;
  /** How often nvr failed on this very report. */
  failures: number;
  /** Run once when this report, or a later one that took its place, is settled. */
  whenSettled: (() => void)[];
}

/** Events that wait for nvr. Full: the oldest is dropped with a warning, since its video and its boxes are elsewhere. */
const pendingMax = 256;
const requestTimeoutMs = 2_000;
const firstPauseMs = 250;
const longestPauseMs = 5_000;
/** A report that nvr fails on so often would hold up all others for ever. */
const failuresMax = 5;

/**
 * Brings events to nvr, one after the other, until each is acknowledged, which is after its row is committed. A later report of
 * an event takes the place of one that still waits, and keeps its picture.
 */
export class EventReporter {
  /** By camera and track, in the order in which they were first reported. */
  private readonly pending = new Map<string, PendingReport>();
  private running: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  constructor(private readonly options: { bus: Bus; logger: Logger }) {}

  get waiting(): number {
    return this.pending.size;
  }

  /** @param whenSettled nvr has the event and its picture, or never will: what was kept for it may go */
  report(report: EventReport, whenSettled: () => void = () => undefined): void {
    const key = `${report.camera_id}/${report.track_id}`;
    const waiting = this.pending.get(key);
    this.pending.set(key, {
      report: { ...report, frame_file: report.frame_file ?? waiting?.report.frame_file ?? null },
      failures: 0,
      whenSettled: [...(waiting?.whenSettled ?? []), whenSettled],
    });
    if (this.pending.size > pendingMax) this.dropOldest();
    this.start();
  }

  /** Delivers what waits until the deadline; what is left then is lost. */
  async flush(deadline: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => deadline.addEventListener('abort', () => resolve(), { once: true }));
    if (!deadline.aborted) await Promise.race([this.running, aborted]);
    this.stopping.abort(new AppError('cancelled', 'the agent stops'));
    await this.running;
    if (this.pending.size > 0) this.options.logger.warn('events were not reported', { count: this.pending.size });
  }

  private start(): void {
    if (this.stopping.signal.aborted) return;
    this.running ??= this.deliverAll().finally(() => {
      this.running = undefined;
      // One may have come between the last look at the queue and now.
      if (this.pending.size > 0) this.start();
    });
  }

  private async deliverAll(): Promise<void> {
    let pauseMs = firstPauseMs;
    for (let next = this.first(); next && !this.stopping.signal.aborted; next = this.first()) {
      if (await this.deliver(next.key, next.entry)) {
        pauseMs = firstPauseMs;
        continue;
      }
      await sleep(pauseMs, this.stopping.signal).catch(() => undefined);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }

  private first(): { key: string; entry: PendingReport } | undefined {
    for (const [key, entry] of this.pending) return { key, entry };
    return undefined;
  }

  /** @returns false when it should be tried again */
  private async deliver(key: string, entry: PendingReport): Promise<boolean> {
    const { bus, logger } = this.options;
    try {
      await bus.request(reportEvent, entry.report, { timeoutMs: requestTimeoutMs, signal: this.stopping.signal });
    } catch (thrown) {
      const error = toAppError(thrown);
      const tryAgain = error.retryable || error.code === 'cancelled' || (error.code === 'internal' && ++entry.failures < failuresMax);
      if (tryAgain) {
        logger.warn('an event was not acknowledged yet', {
          cameraId: entry.report.camera_id,
          waiting: this.pending.size,
          error: error.message,
        });
        return false;
      }
      logger.warn('an event was refused', { cameraId: entry.report.camera_id, error });
    }
    this.settle(key, entry);
    return true;
  }

  private settle(key: string, entry: PendingReport): void {
    for (const settled of entry.whenSettled) settled();
    const current = this.pending.get(key);
    if (current === entry) this.pending.delete(key);
    else if (current) {
      // A later report came while this one was on its way. The picture was delivered with this one and may be gone now.
      current.whenSettled.splice(0, entry.whenSettled.length);
      if (current.report.frame_file === entry.report.frame_file) current.report = { ...current.report, frame_file: null };
    }
  }

  private dropOldest(): void {
    const oldest = this.first();
    if (!oldest) return;
    this.pending.delete(oldest.key);
    this.options.logger.warn('an event was dropped: too many wait', {
      cameraId: oldest.entry.report.camera_id,
      trackId: oldest.entry.report.track_id,
    });
    for (const settled of oldest.entry.whenSettled) settled();
  }
}
