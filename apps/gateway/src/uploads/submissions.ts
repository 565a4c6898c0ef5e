import type { Readable } from 'node:stream';
import { jobQueued, type JobId, type MediaType } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import type { Idempotency, MadeJob } from '../idempotency/idempotency.js';
import { RequestFingerprint } from '../idempotency/request-fingerprint.js';
import { createJobId } from '../jobs/job-id.js';
import type { CommittedWithJob, JobOwner, NewItem, NewJob } from '../jobs/insert-job.js';
import type { JobStore } from '../jobs/job.store.js';
import type { MoveNudges } from '../jobs/move-nudges.js';
import type { HeldQuota, Quotas, WantedQuota } from '../quotas/quotas.js';
import { decodedBytesMax, decodeImage, type ImageBatch } from './image-batch.js';
import type { WebhookIntake } from '../webhooks/webhook-intake.js';
import type { MediaStore } from './media-store.js';

interface SubmissionsOptions {
  jobs: JobStore;
  media: MediaStore;
  webhooks: WebhookIntake;
  idempotency: Idempotency;
  quotas: Quotas;
  bus: Bus;
  moves: MoveNudges;
  clock: Clock;
  logger: Logger;
  uploadBytesMax: number;
  /** Of a job that names no bound; 0: unbounded. */
  defaultMaxProcessingSeconds: number;
}

/** Who submits, and how long the job may take. */
export interface Submitter {
  owner: JobOwner;
  maxProcessingSeconds: number | undefined;
  /** Requests with the same one make one job. */
  idempotencyKey: string | undefined;
  /** Of the request, by its Content-Length; undefined: it does not tell. */
  bodyBytes: number | undefined;
  /** Hears how the quotas of the tenant stand. */
  onQuotas: WantedQuota['onQuotas'];
}

type VideoSubmission = Submitter & { video: IncomingVideo };
/** `webhook`: as the request names it. */
type ImageSubmission = Submitter & { batch: ImageBatch; webhook: unknown };
/** What an insert carries for the request's `Idempotency-Key`. */
type Grant = (jobId: JobId) => CommittedWithJob;

/** A video on its way in. */
export interface IncomingVideo {
  body: Readable;
  /** The webhook that its request named so far, not looked at yet. */
  webhook(): unknown;
  /** Reads what follows the video in its request. @returns whether that names a webhook; throws when it makes the request one to refuse */
  readRest(): Promise<boolean>;
}

/**
 * Makes jobs of uploads. The order is the promise: bytes synced, row committed, then the client hears 202, then the nudge.
 * A crash in between leaves a file without a row, never a job without its file.
 */
export class Submissions {
  constructor(private readonly options: SubmissionsOptions) {}

  /**
   * @throws AppError as `MediaStore.receive`, `readRest`, `WebhookIntake.accept`, `Idempotency.run` and `Quotas.hold`,
   *   `unavailable` while the database is away
   */
  submitVideo(submission: VideoSubmission): Promise<MadeJob> {
    const { idempotency, media, uploadBytesMax } = this.options;
    const { owner, idempotencyKey: key, video } = submission;
    const fingerprint = fingerprintOf('video', submission);
    const endFingerprint = () => fingerprint.endBody().add('webhook', JSON.stringify(video.webhook()));
    // Without a key nobody asks for it: gigabytes need not be hashed.
    const onChunk = key === undefined ? () => undefined : fingerprint.addChunk;
    return idempotency.run({
      owner,
      key,
      fingerprint,
      first: (grant) => this.takeVideo(submission, { onChunk, onEnd: endFingerprint }, grant),
      repeated: async () => {
        await media.discard(video.body, { bytesMax: uploadBytesMax, onChunk });
        await video.readRest();
        endFingerprint();
      },
    });
  }

  /**
   * A picture that can't be used becomes a failed item.
   * @throws AppError as `WebhookIntake.accept`, `Idempotency.run` and `Quotas.hold`, `unavailable` when the disk or the database
   *   can't take the batch
   */
  submitImages(submission: ImageSubmission): Promise<MadeJob> {
    const { owner, idempotencyKey: key, batch, webhook } = submission;
    const fingerprint = fingerprintOf('images', submission).add('webhook', JSON.stringify(webhook));
    if (key !== undefined)
      for (const image of batch.images) fingerprint.add('external_id', image.external_id).add('data_base64', image.data_base64);
    return this.options.idempotency.run({
      owner,
      key,
      fingerprint,
      first: (grant) => this.takeImages(submission, grant),
      repeated: async () => undefined,
    });
  }

  private async takeVideo(
    submission: VideoSubmission,
    reading: { onChunk: (chunk: Uint8Array) => void; onEnd: () => void },
    grant: Grant,
  ): Promise<JobId> {
    const { jobs, webhooks, quotas } = this.options;
    const { video, owner, bodyBytes, onQuotas } = submission;
    const job = this.newJob('video', submission);
    const { id } = job;
    const file = `${id}/video`;
    // Before the video is read: a webhook that is refused costs no upload.
    let webhook = await webhooks.accept(video.webhook());
    return quotas.hold({ tenantId: owner.tenantId, bytes: bodyBytes, onQuotas }, async (held) => {
      const sizeBytes = await this.orDropFiles(id, async () => {
        const bytes = await this.receive(file, video.body, { held, onChunk: reading.onChunk });
        if (await video.readRest()) webhook = await webhooks.accept(video.webhook());
        reading.onEnd();
        return bytes;
      });
      const row = { ...job, file, sizeBytes, webhook: webhooks.columnsOf(webhook, id) };
      await this.commit(id, () => jobs.insertVideoJob(row, { ...grant(id), writes: quotas.commitOf(held, 0) }));
      return id;
    });
  }

  private async receive(file: string, body: Readable, reading: { held: HeldQuota; onChunk: (chunk: Uint8Array) => void }): Promise<number> {
    const { media, quotas, uploadBytesMax } = this.options;
    const { held, onChunk } = reading;
    try {
      return await media.receive(file, body, { bytesMax: Math.min(uploadBytesMax, held.bytesMax), onChunk });
    } catch (error) {
      const isOverQuota = held.bytesMax < uploadBytesMax && error instanceof AppError && error.code === 'payload_too_large';
      throw isOverQuota ? quotas.bytesExhausted(held) : error;
    }
  }

  private async takeImages(submission: ImageSubmission, grant: Grant): Promise<JobId> {
    const { jobs, webhooks, quotas } = this.options;
    const { batch, owner, onQuotas } = submission;
    const webhook = await webhooks.accept(submission.webhook);
    const job = this.newJob('image', submission);
    const { id } = job;
    return quotas.hold({ tenantId: owner.tenantId, bytes: decodedBytesMax(batch), onQuotas }, async (held) => {
      const items = await this.orDropFiles(id, () => this.storeImages(id, batch));
      const row = { ...job, items, webhook: webhooks.columnsOf(webhook, id) };
      await this.commit(id, () => jobs.insertImageJob(row, { ...grant(id), writes: quotas.commitOf(held, items.length) }));
      return id;
    });
  }

  private newJob(mediaType: MediaType, { owner, maxProcessingSeconds }: Submitter): Omit<NewJob, 'webhook'> {
    const { clock, defaultMaxProcessingSeconds } = this.options;
    return {
      id: createJobId(mediaType, clock.wallMs()),
      owner,
      maxProcessingSeconds: maxProcessingSeconds ?? defaultMaxProcessingSeconds,
    };
  }

  /** One after the other: a second decoded picture in memory would gain nothing. */
  private async storeImages(id: JobId, batch: ImageBatch): Promise<NewItem[]> {
    const items: NewItem[] = [];
    for (const [index, image] of batch.images.entries()) {
      const externalId = image.external_id ?? null;
      const decoded = decodeImage(image.data_base64);
      if ('error' in decoded) {
        items.push({ externalId, error: decoded.error });
        continue;
      }
      const file = `${id}/${index}`;
      await this.options.media.write(file, decoded.bytes);
      items.push({ externalId, file, sizeBytes: decoded.bytes.length });
    }
    return items;
  }

  private async commit(id: JobId, insert: () => Promise<void>): Promise<void> {
    const { bus, moves, logger } = this.options;
    // Without an answer the row may be there all the same, and must not lose its files: the search for orphans decides later.
    await this.orDropFiles(id, insert, (error) => !(error instanceof AppError && error.code === 'unavailable'));
    logger.info('job queued', { jobId: id });
    bus.publish(jobQueued, { job_id: id });
    moves.tell(id);
  }

  private async orDropFiles<Result>(
    id: JobId,
    step: () => Promise<Result>,
    drops: (error: unknown) => boolean = () => true,
  ): Promise<Result> {
    const { media, logger } = this.options;
    try {
      return await step();
    } catch (error) {
      if (drops(error))
        await media
          .removeFolder(id)
          .catch((failure: unknown) => logger.warn('the files of a refused upload were not removed', { jobId: id, error: failure }));
      throw error;
    }
  }
}

/** The headers that make a request another one; its body follows. */
function fingerprintOf(route: string, { maxProcessingSeconds }: Submitter): RequestFingerprint {
  return new RequestFingerprint(route).add('Max-Processing-Time', maxProcessingSeconds);
}
