import type { CheckedFetch } from '@nightjar/outbound';
import { AppError, deadlineSignal } from '@nightjar/runtime';
import type { PartialVideo } from '../uploads/partial-video.js';
import { looksPerWindow, PaceCounter, type SendingPace } from '../uploads/slow-senders.js';
import { VideoHead } from '../uploads/sniff-video.js';
import { downloadHeaders, readDownloadAnswer, type DownloadAnswer, type HeldBeginning } from './download-answer.js';

const redirectsMax = 3;
/** A beginning that turns out to be of something else is asked for anew once. */
const requestsMax = redirectsMax + 2;
/** At the slowest pace that is taken, 5 GiB last 3.5 days. */
const exchangeTimeoutMs = 4 * 24 * 3_600_000;

/** At least a MiB a minute. */
export const defaultDownloadPace: SendingPace = { bytesPerSecondMin: 1024 ** 2 / 60, windowMs: 60_000 };

/** How far a download is; what it counts is on disk. */
export interface DownloadProgress extends HeldBeginning {
  totalBytes: number | undefined;
}

interface Download {
  client: Pick<CheckedFetch, 'stream'>;
  url: string;
  /** Holds the beginning, and takes the rest. */
  partial: PartialVideo;
  etag: string | null;
  bytesMax: number;
  pace: SendingPace;
  /** Progress is synced and told after so many bytes. */
  saveEveryBytes: number;
  save: (progress: DownloadProgress) => Promise<void>;
  signal: AbortSignal;
}

/**
 * Downloads a video to its end, from where it stands. Each redirect is a new URL that is checked as the first one.
 * @throws AppError as `CheckedFetch.stream` and `readDownloadAnswer`; `unprocessable` for what is no video by its first bytes,
 *   `deadline_exceeded` for a server that is too slow, `unavailable` for one that breaks off; the reason of the signal
 */
export async function downloadVideo(download: Download): Promise<void> {
  let { url } = download;
  let held: HeldBeginning = { bytes: download.partial.sizeBytes, etag: download.etag };
  for (let requests = 0, redirects = 0; requests < requestsMax; requests++) {
    const answer = await requestOnce(download, { url, held });
    if (answer.kind === 'body') return;
    if (answer.kind === 'begin_anew') held = { bytes: 0, etag: null };
    else if (++redirects > redirectsMax) break;
    else url = redirectTarget(url, answer.location);
  }
  throw new AppError('unprocessable', `the server of the video redirects more than ${redirectsMax} times`);
}

/** @returns the answer; its body, if it has one, is on disk */
async function requestOnce(download: Download, { url, held }: { url: string; held: HeldBeginning }): Promise<DownloadAnswer> {
  const { client, bytesMax, pace, signal } = download;
  const watch = new PaceWatch(pace);
  let answer: DownloadAnswer | undefined;
  let body: BodyWriter | undefined;
  try {
    await client.stream(url, {
      headers: downloadHeaders(held),
      timeoutMs: exchangeTimeoutMs,
      signal: deadlineSignal(exchangeTimeoutMs, signal, watch.signal),
      accept: (head) => {
        answer = readDownloadAnswer(head, { held, bytesMax });
        if (answer.kind !== 'body') throw new AppError('cancelled', 'the body of this answer is not wanted');
        body = new BodyWriter(download, answer);
      },
      write: async (chunk) => {
        watch.count(chunk.length);
        await body?.write(chunk);
      },
    });
    await body?.end();
  } catch (error) {
    if (answer !== undefined && answer.kind !== 'body') return answer;
    await body?.keepWhatCame();
    throw error;
  } finally {
    watch.stop();
  }
  if (answer === undefined) throw new AppError('internal', 'an exchange ended without an answer');
  return answer;
}

/** Writes the body of one answer behind what is held. */
class BodyWriter {
  private readonly head: VideoHead | undefined;
  private started = false;
  private savedBytes: number;

  constructor(
    private readonly download: Download,
    private readonly answer: Extract<DownloadAnswer, { kind: 'body' }>,
  ) {
    this.savedBytes = answer.startsAtBytes;
    // The beginning of what goes on was looked at when it came, and is again when all is there.
    if (answer.startsAtBytes === 0) this.head = new VideoHead();
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { partial, bytesMax, saveEveryBytes } = this.download;
    await this.start();
    if (partial.sizeBytes + chunk.length > bytesMax) throw new AppError('payload_too_large', `the video has more than ${bytesMax} bytes`);
    this.head?.append(chunk);
    await partial.append(chunk);
    if (partial.sizeBytes - this.savedBytes >= saveEveryBytes) await this.save();
  }

  async end(): Promise<void> {
    await this.start();
    this.head?.end();
    await this.save();
    const { totalBytes } = this.answer;
    const { sizeBytes } = this.download.partial;
    if (totalBytes !== undefined && sizeBytes !== totalBytes)
      throw new AppError('unavailable', 'the server of the video sends less than it announced');
  }

  /** What came until the exchange failed is a beginning for the next one. If it can't be kept, more is fetched again. */
  async keepWhatCame(): Promise<void> {
    if (!this.started) return;
    await this.save().catch(() => undefined);
  }

  private async start(): Promise<void> {
    if (this.started) return;
    this.started = true;
    const { partial } = this.download;
    if (partial.sizeBytes !== this.answer.startsAtBytes) await partial.cutTo(this.answer.startsAtBytes);
  }

  private async save(): Promise<void> {
    const { partial, save } = this.download;
    const { totalBytes, etag } = this.answer;
    const bytes = partial.sizeBytes;
    await partial.sync();
    await save({ bytes, etag, totalBytes });
    this.savedBytes = bytes;
  }
}

/** Aborts when a server is slower than the pace. */
class PaceWatch {
  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private bytes = 0;

  constructor(pace: SendingPace) {
    const counter = new PaceCounter(pace, 0);
    this.timer = setInterval(() => {
      if (counter.isTooSlow(this.bytes)) this.controller.abort(new AppError('deadline_exceeded', 'the server of the video is too slow'));
    }, pace.windowMs / looksPerWindow);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  count(bytes: number): void {
    this.bytes += bytes;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}

/** @throws AppError `unprocessable` for what is no URL, and for one that gives up the encryption that its client asked for */
function redirectTarget(from: string, location: string): string {
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (!target || (from.startsWith('https:') && target.protocol !== 'https:'))
    throw new AppError('unprocessable', 'the server of the video redirects to an address that is not allowed');
  return target.href;
}
