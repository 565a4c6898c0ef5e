import type { JobApi } from './open-job-api.js';

export type VideoJob = NonNullable<Awaited<ReturnType<typeof askForVideo>>['data']>;
export type ImageJob = NonNullable<Awaited<ReturnType<typeof askForImages>>['data']>;

const pollMsDefault = 2_000;
/** What a server may ask for; more would look like a client that hangs. */
const pollMsMax = 60_000;

/** The job API refused to tell of a job. */
export class JobApiError extends Error {
  override readonly name = 'JobApiError';

  constructor(
    readonly status: number,
    /** Body of the answer. */
    readonly body: unknown,
  ) {
    super(`the job API answers ${status}`);
  }
}

/**
 * Polls a video job until it is `finished` or `failed`, as often as the server asks for. A server that is busy or away for a
 * moment (429, 503, no connection) is asked again.
 * @throws JobApiError when the server has no such job or refuses the caller; the reason of the signal
 */
export function waitForVideo(api: JobApi, jobId: string, signal: AbortSignal): Promise<VideoJob> {
  return waitUntilOver(signal, () => askForVideo(api, jobId, signal));
}

/** As `waitForVideo`, for a batch of pictures. */
export function waitForImages(api: JobApi, jobId: string, signal: AbortSignal): Promise<ImageJob> {
  return waitUntilOver(signal, () => askForImages(api, jobId, signal));
}

function askForVideo(api: JobApi, jobId: string, signal: AbortSignal) {
  return api.GET('/v0.2/results/video/{job_id}', { params: { path: { job_id: jobId } }, signal });
}

function askForImages(api: JobApi, jobId: string, signal: AbortSignal) {
  return api.GET('/v0.2/results/images/{job_id}', { params: { path: { job_id: jobId } }, signal });
}

interface Answer<Job> {
  data?: Job;
  error?: unknown;
  response: Response;
}

async function waitUntilOver<Job extends { status: string }>(signal: AbortSignal, ask: () => Promise<Answer<Job>>): Promise<Job> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask().catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined;
    });
    if (answer?.data && (answer.data.status === 'finished' || answer.data.status === 'failed')) return answer.data;
    if (answer && !answer.data && ![429, 503].includes(answer.response.status)) throw new JobApiError(answer.response.status, answer.error);
    await pause(askedPauseMs(answer?.response), signal);
  }
}

function askedPauseMs(response: Response | undefined): number {
  const seconds = Number(response?.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Math.min(pollMsMax, Math.max(0, seconds * 1_000)) : pollMsDefault;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', end);
      resolve();
    }, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
