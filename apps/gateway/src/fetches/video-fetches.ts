import { jobQueued } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import type { CheckedFetch } from '@nightjar/outbound';
import { AppError, deadlineSignal, pause, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { MediaStore } from '../uploads/media-store.js';
import type { SendingPace } from '../uploads/slow-senders.js';
import { defaultDownloadPace, downloadVideo, type DownloadProgress } from './download-video.js';
import { afterFailure } from './fetch-failure.js';
import type { VideoFetch, VideoFetchStore } from './video-fetch.store.js';
import type { VideoUrls } from './video-url.js';

/** Times and sizes of downloads; tests shorten them. */
export interface FetchTimings {
  /** Of the store's leases: a download whose lease was not renewed for two thirds of it lets go. */
  leaseMs: number;
  renewEveryMs: number;
  pollEveryMs: number;
  saveEveryBytes: number;
  pace: SendingPace;
}

/** Renewals are also how a download hears that its job was cancelled. */
export const defaultFetchTimings: FetchTimings = {
  leaseMs: 30_000,
  renewEveryMs: 2_000,
  pollEveryMs: 1_000,
  saveEveryBytes: 8 * 1024 ** 2,
  pace: defaultDownloadPace,
};

interface VideoFetchesOptions {
  store: VideoFetchStore;
  media: MediaStore;
  urls: Pick<VideoUrls, 'open'>;
  client: Pick<CheckedFetch, 'stream'>;
  bus: Bus;
  clock: Clock;
  logger: Logger;
  bytesMax: number;
  /** At the same time; more wait in their rows. */
  fetchesMax: number;
  timings: FetchTimings;
}

/** Why a download stops without having failed. Never leaves this file. */
class Interrupted extends Error {
  constructor(readonly why: 'lost' | 'stopping') {
    super(`the download was interrupted: ${why}`);
  }
}

/**
 * Fetches the videos that were submitted by their URL. Each is leased: any number of gateways share the work, and when one dies
 * another goes on where the bytes on disk end.
 */
export class VideoFetches {
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private readonly done: Promise<void>;
  private wake: () => void = () => undefined;

  constructor(private readonly options: VideoFetchesOptions) {
    this.done = this.run(this.stopping.signal);
  }

  /** There may be something to fetch. */
  nudge(): void {
    // Where all are at work the next one that ends looks.
    if (this.running.size < this.options.fetchesMax) this.wake();
  }

  /** Gives back what is under way; what is on disk stays. */
  async stop(): Promise<void> {
    this.stopping.abort(new Interrupted('stopping'));
    this.wake();
    await this.done;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { fetchesMax, logger } = this.options;
    let failing = false;
    while (!signal.aborted) {
      try {
        while (this.running.size < fetchesMax && (await this.startNext()));
        failing = false;
      } catch (error) {
        if (!failing) logger.error('videos cannot be fetched', { error });
        failing = true;
      }
      await this.waitForWork(signal);
    }
    await Promise.all(this.running);
  }

  private async waitForWork(signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.wake = () => woken.abort();
    const { pollEveryMs } = this.options.timings;
    await pause(pollEveryMs, deadlineSignal(pollEveryMs * 2, signal, woken.signal));
  }

  /** @returns whether there was one */
  private async startNext(): Promise<boolean> {
    if (this.stopping.signal.aborted) return false;
    const fetch = await this.options.store.claim();
    if (!fetch) return false;
    const run = this.fetchOne(fetch)
      .catch((error: unknown) => this.options.logger.error('a download was left to its lease', { jobId: fetch.jobId, error }))
      .finally(() => {
        this.running.delete(run);
        this.wake();
      });
    this.running.add(run);
    return true;
  }

  private async fetchOne(fetch: VideoFetch): Promise<void> {
    const { store, logger, media, bus } = this.options;
    const { jobId } = fetch;
    const held = new HeldLease(this.options, fetch, this.stopping.signal);
    const state = { gotFurther: false };
    try {
      const sizeBytes = await this.bringIn(fetch, held, state);
      if (!(await store.complete(fetch, { file: fileOf(jobId), sizeBytes }))) throw new Interrupted('lost');
      logger.info('video fetched', { jobId, sizeBytes });
      bus.publish(jobQueued, { job_id: jobId });
    } catch (error) {
      if (!(error instanceof Interrupted)) await this.settle(fetch, toAppError(error), state);
      else if (error.why === 'stopping') await store.giveBack(fetch, { afterMs: 0, counts: false });
      // Whoever has the lease now goes on with the same bytes.
      else if (!(await store.isWanted(jobId))) await media.removeFolder(jobId);
    } finally {
      held.letGo();
    }
  }

  private async bringIn(fetch: VideoFetch, held: HeldLease, state: { gotFurther: boolean }): Promise<number> {
    const { media, client, urls, bytesMax, timings, store } = this.options;
    const { jobId, bytesReceived, etag } = fetch;
    const file = fileOf(jobId);
    // Whole already: whoever had it died before it could say so.
    if (await media.has(file)) return media.completePartial(jobId, file);
    const partial = await media.openPartial(jobId);
    try {
      // What stands behind the synced bytes may be anything after a loss of power.
      if (partial.sizeBytes !== bytesReceived) await partial.cutTo(Math.min(partial.sizeBytes, bytesReceived));
      const save = async ({ bytes, etag, totalBytes }: DownloadProgress) => {
        state.gotFurther ||= bytes > bytesReceived;
        const share = totalBytes === undefined || totalBytes === 0 ? 0 : Math.min(1, bytes / totalBytes);
        if (!(await store.save(fetch, { bytes, etag, share }))) held.lose();
        held.signal.throwIfAborted();
      };
      const { saveEveryBytes, pace } = timings;
      await downloadVideo({
        client,
        url: urls.open(fetch.sealedUrl, jobId),
        partial,
        etag,
        bytesMax,
        pace,
        saveEveryBytes,
        save,
        signal: held.signal,
      });
    } finally {
      await partial.close();
    }
    return media.completePartial(jobId, file);
  }

  private async settle(fetch: VideoFetch, failure: AppError, { gotFurther }: { gotFurther: boolean }): Promise<void> {
    const { store, media, logger } = this.options;
    const { jobId } = fetch;
    const after = afterFailure(failure, { tried: gotFurther ? 1 : fetch.tried, random: Math.random() });
    if (after.kind === 'try_again') {
      logger.info('a video was not fetched, it will be tried again', {
        jobId,
        code: failure.code,
        reason: failure.message,
        afterMs: after.afterMs,
      });
      return store.giveBack(fetch, { afterMs: after.afterMs, counts: true });
    }
    const ended = await store.fail(fetch, after.error);
    logger.warn('a video cannot be fetched', { jobId, code: failure.code, reason: failure.message });
    if (!ended && !(await store.isWanted(jobId))) await media.removeFolder(jobId);
  }
}

/** Renews a lease while a download runs; the signal aborts when it is lost, or when the gateway stops. */
class HeldLease {
  private readonly losing = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private renewedAtMonotonicMs: number;

  constructor(
    private readonly options: Pick<VideoFetchesOptions, 'store' | 'clock' | 'logger' | 'timings'>,
    private readonly fetch: VideoFetch,
    private readonly stopping: AbortSignal,
  ) {
    this.renewedAtMonotonicMs = options.clock.monotonicMs();
    this.timer = setInterval(() => void this.renew(), options.timings.renewEveryMs);
    stopping.addEventListener('abort', this.onStop, { once: true });
    if (stopping.aborted) this.onStop();
  }

  get signal(): AbortSignal {
    return this.losing.signal;
  }

  /** The lease is somebody else's, or the job has ended. */
  lose(): void {
    this.losing.abort(new Interrupted('lost'));
  }

  letGo(): void {
    clearInterval(this.timer);
    this.stopping.removeEventListener('abort', this.onStop);
  }

  private readonly onStop = (): void => this.losing.abort(this.stopping.reason);

  private async renew(): Promise<void> {
    const { store, clock, logger, timings } = this.options;
    const askedAtMs = clock.monotonicMs();
    try {
      if (!(await store.renew(this.fetch))) return this.lose();
      this.renewedAtMonotonicMs = askedAtMs;
    } catch (error) {
      logger.warn('the lease of a download was not renewed', { jobId: this.fetch.jobId, error });
      // In a moment somebody else may write to the same file.
      if (clock.monotonicMs() - this.renewedAtMonotonicMs > (timings.leaseMs * 2) / 3) this.lose();
    }
  }
}

function fileOf(jobId: string): string {
  return `${jobId}/video`;
}
