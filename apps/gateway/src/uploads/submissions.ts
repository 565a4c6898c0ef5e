import type { Readable } from 'node:stream';
import { jobQueued, type JobId, type MediaType } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import { createJobId } from '../jobs/job-id.js';
import type { JobOwner, JobStore, NewItem, NewJob } from '../jobs/job.store.js';
import { decodeImage, type ImageBatch } from './image-batch.js';
import type { MediaStore } from './media-store.js';

export interface SubmissionsOptions {
  jobs: JobStore;
  media: MediaStore;
  bus: Bus;
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
}

/** A video on its way in. */
export interface IncomingVideo {
  body: Readable;
  /** Reads what follows the video in its request; throws when that makes the request one to refuse. */
  readRest(): Promise<void>;
}

/**
 * Makes jobs of uploads. The order is the promise: bytes synced, row committed, then the client hears 202, then the nudge.
 * A crash in between leaves a file without a row, never a job without its file.
 */
export class Submissions {
  constructor(private readonly options: SubmissionsOptions) {}

  /** @throws AppError as `MediaStore.receive` and `readRest`, `unavailable` while the database is away */
  async submitVideo(submission: Submitter & { video: IncomingVideo }): Promise<JobId> {
    const { jobs, media, uploadBytesMax } = this.options;
    const { video } = submission;
    const job = this.newJob('video', submission);
    const { id } = job;
    const file = `${id}/video`;
    const sizeBytes = await this.orDropFiles(id, async () => {
      const bytes = await media.receive(file, video.body, { bytesMax: uploadBytesMax });
      await video.readRest();
      return bytes;
    });
    await this.commit(id, () => jobs.insertVideoJob({ ...job, file, sizeBytes }));
    return id;
  }

  /** A picture that can't be used becomes a failed item. @throws AppError `unavailable` when the disk or the database can't take the batch */
  async submitImages(submission: Submitter & { batch: ImageBatch }): Promise<JobId> {
    const { jobs } = this.options;
    const job = this.newJob('image', submission);
    const { id } = job;
    const items = await this.orDropFiles(id, () => this.storeImages(id, submission.batch));
    await this.commit(id, () => jobs.insertImageJob({ ...job, items }));
    return id;
  }

  private newJob(mediaType: MediaType, { owner, maxProcessingSeconds }: Submitter): NewJob {
    const { clock, defaultMaxProcessingSeconds } = this.options;
    return { id: createJobId(mediaType, clock.wallMs()), owner, maxProcessingSeconds: maxProcessingSeconds ?? defaultMaxProcessingSeconds };
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
    const { bus, logger } = this.options;
    // Without an answer the row may be there all the same, and must not lose its files: the search for orphans decides later.
    await this.orDropFiles(id, insert, (error) => !(error instanceof AppError && error.code === 'unavailable'));
    logger.info('job queued', { jobId: id });
    bus.publish(jobQueued, { job_id: id });
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
