import type { SecretBox } from '@nightjar/auth';
import type { CheckedFetch } from '@nightjar/outbound';
import { parseRemoteUrl } from '@nightjar/outbound';
import { AppError, toAppError } from '@nightjar/runtime';
import { z } from 'zod';

/** A name whose servers are slower is taken unseen, and looked at when the video is fetched. */
const lookupTimeoutMs = 2_000;

const UrlSubmission = z.object({ video_url: z.string(), webhook: z.unknown().optional() });
export type UrlSubmission = z.infer<typeof UrlSubmission>;

/** A sealed URL opens for its own job only. */
const purposeOf = (jobId: string) => `job_fetch.${jobId}.url`;

/**
 * Reads the JSON body of a submit by URL.
 * @throws AppError `unprocessable` with the fields that are wrong, never with the URL
 */
export function parseUrlSubmission(body: unknown): UrlSubmission {
  const read = UrlSubmission.safeParse(body);
  if (!read.success) throw refused(read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
  try {
    parseRemoteUrl(read.data.video_url);
  } catch (error) {
    throw refused([{ path: 'video_url', message: toAppError(error).message }]);
  }
  return read.data;
}

function refused(issues: readonly { path: string; message: string }[]): AppError {
  return new AppError('unprocessable', 'the body is not {"video_url": …, "webhook"?: …}', { details: { issues } });
}

/** Decides at a submit whether a video will be fetched, and keeps its URL sealed: such URLs carry signatures and tokens. */
export class VideoUrls {
  constructor(
    private readonly options: {
      enabled: boolean;
      /** Undefined without NIGHTJAR_SECRET_KEY. */
      box: SecretBox | undefined;
      /** Not the downloads' own client: names that nobody answers for must not hold them up. */
      checks: Pick<CheckedFetch, 'check'>;
    },
  ) {}

  /** @throws AppError `unprocessable` when the URL leads where nothing is fetched from, or nothing is fetched here at all */
  async accept(url: string): Promise<void> {
    const { enabled, box, checks } = this.options;
    if (!enabled) throw new AppError('unprocessable', 'this server fetches no videos: its operator can allow it with NIGHTJAR_URL_SUBMIT');
    if (!box) throw new AppError('unprocessable', 'this server fetches no videos: its operator has to set NIGHTJAR_SECRET_KEY');
    if ((await checks.check(url, { timeoutMs: lookupTimeoutMs })) !== 'refused') return;
    throw new AppError(
      'unprocessable',
      'video_url leads to an address or a port that nothing is fetched from: an operator can open networks with NIGHTJAR_URL_SUBMIT_NETWORKS',
      { details: { issues: [{ path: 'video_url', message: 'is not allowed' }] } },
    );
  }

  /** @throws AppError `internal` without NIGHTJAR_SECRET_KEY */
  seal(url: string, jobId: string): Uint8Array<ArrayBuffer> {
    return this.requireBox().seal(url, purposeOf(jobId));
  }

  /** @throws AppError `internal` without NIGHTJAR_SECRET_KEY, or with another one than the URL was sealed with */
  open(sealed: Uint8Array, jobId: string): string {
    return this.requireBox().open(sealed, purposeOf(jobId));
  }

  private requireBox(): SecretBox {
    const { box } = this.options;
    if (!box) throw new AppError('internal', 'URLs of videos need NIGHTJAR_SECRET_KEY');
    return box;
  }
}
