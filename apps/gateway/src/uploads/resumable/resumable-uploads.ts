import type { IncomingHttpHeaders } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { JobId, jobQueued } from '@nightjar/contracts';
import { type JobsDatabase, orUnavailable } from '@nightjar/database';
import type { Bus } from '@nightjar/messaging';
import { AppError, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import { MemoryLocker, Metadata, Server, type ServerOptions, type Upload } from '@tus/server';
import type { OperationPaths } from '../../http/operation-paths.js';
import { routes } from '../../http/routes.js';
import type { JobOwner } from '../../jobs/insert-job.js';
import { createJobId } from '../../jobs/job-id.js';
import type { JobStore } from '../../jobs/job.store.js';
import type { MoveNudges } from '../../jobs/move-nudges.js';
import type { Quotas } from '../../quotas/quotas.js';
import type { WebhookIntake } from '../../webhooks/webhook-intake.js';
import type { MediaStore } from '../media-store.js';
import { storeFailure } from '../store-failure.js';
import { futureJobOf, isSameOwner, shownMetadata, withFutureJob } from './future-job.js';
import { PartialUploads } from './partial-uploads.js';
import { readUploadMetadata } from './upload-metadata.js';

interface ResumableUploadsOptions {
  database: JobsDatabase;
  jobs: JobStore;
  media: MediaStore;
  paths: OperationPaths;
  webhooks: WebhookIntake;
  quotas: Quotas;
  bus: Bus;
  moves: MoveNudges;
  clock: Clock;
  logger: Logger;
  uploadBytesMax: number;
  /** Of a job that names no bound; 0: unbounded. */
  defaultMaxProcessingSeconds: number;
}

/** One request of the protocol, as far as it matters here. */
interface TusRequest {
  method: string;
  headers: IncomingHttpHeaders;
  /** Undefined: there is none. */
  body: Readable | undefined;
  /** Of the path; undefined for the collection. */
  uploadId: string | undefined;
  owner: JobOwner;
}

interface TusAnswer {
  status: number;
  headers: Record<string, string>;
}

const version = '1.0.0';
const protocolHeaders = { 'Tus-Resumable': version };
const noSuchUpload = () => new AppError('not_found', 'no such upload');

/**
 * Uploads in pieces by tus 1.0.0. An upload has the id of the job that it will be: whoever finishes it, how often, and whatever
 * crashes on the way, there is one job, and when there is, the upload is finished.
 */
export class ResumableUploads {
  /** Of this process. Pieces that come in through two gateways at once meet at the offset. */
  private readonly locker = new MemoryLocker();

  constructor(private readonly options: ResumableUploadsOptions) {}

  /**
   * @returns also 412 for another version of the protocol, which has no code of ours
   * @throws AppError `not_found` for an upload that is unknown or somebody else's, `conflict` for a finished one that is to be
   *   changed, `unprocessable` for what is no video, `payload_too_large`, `invalid_argument`, `unavailable`; as `Quotas.hold`, at the
   *   creation already
   */
  async handle(request: TusRequest): Promise<TusAnswer> {
    if (request.method !== 'OPTIONS' && request.headers['tus-resumable'] !== version)
      return { status: 412, headers: { 'Tus-Version': version } };
    if (request.uploadId !== undefined) {
      const uploadId = wellFormed(request.uploadId);
      const finishedBytes = (await this.findFinished(uploadId, request.owner)) ?? (await this.finishLeftover(uploadId, request));
      if (finishedBytes !== undefined) return this.answerOfFinished(request, { uploadId, sizeBytes: finishedBytes });
    }
    return this.answer(request);
  }

  /** The protocol itself is the library's; a server for each request knows who asks. */
  private async answer(request: TusRequest): Promise<TusAnswer> {
    const { uploadBytesMax, media } = this.options;
    const uploads = new PartialUploads(media);
    let failure: AppError | undefined;
    const server = new Server({
      path: routes.uploads,
      datastore: uploads,
      locker: this.locker,
      maxSize: uploadBytesMax,
      relativeLocation: true,
      // Pages of other origins have no key.
      allowedOrigins: [],
      namingFunction: () => createJobId('video', this.options.clock.wallMs()),
      getFileIdFromRequest: () => request.uploadId,
      onUploadCreate: (_request, upload) => this.prepare(upload, request.owner),
      onUploadFinish: async (_request, upload) => ({ headers: this.jobHeaders((await this.finish(upload)).uploadId) }),
      onResponseError: (_request, error) => {
        failure = failureOf(uploads.writeFailure ?? error);
        return undefined;
      },
    } satisfies ServerOptions & { datastore: PartialUploads });
    const piece = request.body && new DetachedBody(request.body);
    const response = await server.handleWeb(webRequest(request, piece?.stream)).finally(() => piece?.end());
    if (failure) throw failure;
    const headers = { ...Object.fromEntries(response.headers), ...protocolHeaders };
    // Also what is refused before a handler runs: an unknown version, a header that is damaged.
    if (response.status >= 400) throw failureOf({ status_code: response.status, body: await response.text() });
    return { status: response.status, headers: withShownMetadata(headers) };
  }

  /** Decides at the creation what would be refused at the end. */
  private async prepare(upload: Upload, owner: JobOwner): Promise<{ metadata: Record<string, string | null> }> {
    const { webhooks, quotas, defaultMaxProcessingSeconds } = this.options;
    const said = readUploadMetadata(upload.metadata);
    if (upload.size === 0) throw new AppError('invalid_argument', 'the upload is empty');
    const webhook = webhooks.columnsOf(await webhooks.accept(said.webhook), upload.id);
    const maxProcessingSeconds = said.maxProcessingSeconds ?? defaultMaxProcessingSeconds;
    // Pieces may take days to come, so nothing is held; but nobody sends gigabytes that there is no room for now.
    await quotas.check({ tenantId: owner.tenantId, bytes: upload.size ?? 1 });
    return { metadata: withFutureJob(upload.metadata ?? {}, { owner, maxProcessingSeconds, webhook }) };
  }

  /** Makes the job of an upload that is whole; done again it makes nothing. */
  private async finish(upload: Pick<Upload, 'id' | 'metadata'>): Promise<{ uploadId: JobId; sizeBytes: number }> {
    const { jobs, quotas, bus, moves, logger } = this.options;
    const id = wellFormed(upload.id);
    const job = { id, ...futureJobOf(upload.metadata) };
    const file = `${id}/video`;
    const sizeBytes = await this.completeOrDrop(id, file);
    try {
      await quotas.hold({ tenantId: job.owner.tenantId, bytes: sizeBytes }, (held) =>
        jobs.insertVideoJob({ ...job, file, sizeBytes }, { writes: quotas.commitOf(held, 0) }),
      );
    } catch (error) {
      // Another request may have finished it at the same moment.
      if ((await this.findFinished(id, job.owner)) === undefined) throw error;
      return { uploadId: id, sizeBytes };
    }
    logger.info('job queued', { jobId: id });
    bus.publish(jobQueued, { job_id: id });
    moves.tell(id);
    return { uploadId: id, sizeBytes };
  }

  private async completeOrDrop(id: JobId, file: string): Promise<number> {
    const { media } = this.options;
    try {
      return await media.completePartial(id, file);
    } catch (error) {
      // What is no video will not become one.
      if (error instanceof AppError && error.code === 'unprocessable') await media.removeFolder(id);
      throw error;
    }
  }

  /** An upload whose last piece came and whose job was not made: a crash in between. @returns its bytes, undefined when it goes on */
  private async finishLeftover(uploadId: JobId, { owner, method }: TusRequest): Promise<number | undefined> {
    const uploads = new PartialUploads(this.options.media);
    const record = await uploads.records.get(uploadId);
    if (!record || !isSameOwner(futureJobOf(record.metadata).owner, owner)) throw noSuchUpload();
    if (method !== 'HEAD' && method !== 'PATCH') return undefined;
    const upload = await uploads.getUpload(uploadId).catch((error: unknown) => {
      throw failureOf(error);
    });
    if (upload.size === undefined || upload.offset !== upload.size) return undefined;
    return (await this.finish(upload)).sizeBytes;
  }

  /** @returns bytes of an upload that is a job by now */
  private async findFinished(id: JobId, owner: JobOwner): Promise<number | undefined> {
    const { tenantId, apiKeyId = null, userId = null } = owner;
    const job = await orUnavailable(
      this.options.database.job.findFirst({ where: { id, tenantId, apiKeyId, userId, mediaType: 'video' }, select: { sizeBytes: true } }),
    );
    return job ? Number(job.sizeBytes) : undefined;
  }

  private answerOfFinished({ method, headers }: TusRequest, { uploadId, sizeBytes }: { uploadId: JobId; sizeBytes: number }): TusAnswer {
    const isRepeatedEnd = method === 'PATCH' && headers['upload-offset'] === String(sizeBytes);
    if (method !== 'HEAD' && !isRepeatedEnd) throw new AppError('conflict', 'the upload is finished: it is a job now');
    const answer = { ...protocolHeaders, 'Upload-Offset': String(sizeBytes), ...this.jobHeaders(uploadId) };
    if (isRepeatedEnd) return { status: 204, headers: answer };
    return { status: 200, headers: { ...answer, 'Upload-Length': String(sizeBytes), 'Cache-Control': 'no-store' } };
  }

  private jobHeaders(jobId: JobId): Record<string, string> {
    return { 'X-Job-Id': jobId, 'Content-Location': this.options.paths.resultLocation('video', jobId) };
  }
}

function wellFormed(uploadId: string): JobId {
  const id = JobId.safeParse(uploadId);
  if (!id.success) throw noSuchUpload();
  return id.data;
}

/** As the library reads it. The host is nobody's: locations are relative. */
function webRequest(
  { method, headers, uploadId }: TusRequest,
  body: Readable | undefined,
): ConstructorParameters<typeof Request>[0] & Request {
  const url = `http://uploads.invalid${routes.uploads}${uploadId === undefined ? '' : `/${uploadId}`}`;
  const given = Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as [string, string]] : []));
  return new Request(url, { method, headers: given, ...(body && { body: Readable.toWeb(body) as ReadableStream, duplex: 'half' }) });
}

/** A body that can be given up without its connection, which still has to carry the answer. */
class DetachedBody {
  readonly stream = new PassThrough();

  constructor(private readonly source: Readable) {
    const onBreak = (error?: Error) => this.stream.destroy(error ?? new Error('the sender went away'));
    source.once('error', onBreak).once('close', () => {
      if (!source.readableEnded) onBreak();
    });
    source.pipe(this.stream);
    this.stream.on('error', () => undefined);
  }

  /** What still comes is read and thrown away. */
  end(): void {
    this.source.unpipe(this.stream).resume();
    this.stream.destroy();
  }
}

function withShownMetadata(headers: Record<string, string>): Record<string, string> {
  const { 'upload-metadata': metadata, ...others } = headers;
  if (metadata === undefined) return headers;
  const shown = shownMetadata(Metadata.parse(metadata));
  return Object.keys(shown).length === 0 ? others : { ...others, 'upload-metadata': Metadata.stringify(shown) };
}

/** The library's errors are a status and a text. */
function failureOf(error: unknown): AppError {
  const { status_code: status, body } = error as { status_code?: number; body?: string };
  if (status === undefined) return toAppError(storeFailure(error));
  const message = body?.trim() ?? 'the request is refused';
  const code = codesOfStatus[status] ?? (status < 500 ? 'invalid_argument' : 'internal');
  return new AppError(code, message);
}

const codesOfStatus: Readonly<Record<number, AppError['code']>> = {
  404: 'not_found',
  409: 'conflict',
  410: 'not_found',
  413: 'payload_too_large',
};
