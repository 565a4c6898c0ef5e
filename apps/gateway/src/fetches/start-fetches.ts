import { SecretBox } from '@nightjar/auth';
import type { JobId } from '@nightjar/contracts';
import type { JobsDatabase } from '@nightjar/database';
import type { Bus } from '@nightjar/messaging';
import { AddressPolicy, CheckedFetch } from '@nightjar/outbound';
import type { Logger, Shutdown } from '@nightjar/runtime';
import type { GatewayConfig } from '../config.js';
import type { JobEndings } from '../jobs/job-endings.js';
import type { MoveNudges } from '../jobs/move-nudges.js';
import type { MediaStore } from '../uploads/media-store.js';
import { UrlSubmissions, type UrlSubmissionsOptions } from './url-submissions.js';
import { UrlJobStore } from './url-jobs.store.js';
import { VideoFetchStore } from './video-fetch.store.js';
import { defaultFetchTimings, VideoFetches, type FetchTimings } from './video-fetches.js';
import { VideoUrls } from './video-url.js';

/** A download is a file that grows and a connection; more would only share the same line. */
const fetchesAtOnce = 4;
/** Names that are looked up for submits at a time. Full: the next URL is taken unseen, and looked at when it is fetched. */
const checksAtOnce = 8;

type Parts = Omit<UrlSubmissionsOptions, 'urls' | 'store' | 'defaultMaxProcessingSeconds'> & {
  logger: Logger;
  database: JobsDatabase;
  bus: Bus;
  moves: MoveNudges;
  endings: JobEndings;
  media: MediaStore;
  shutdown: Shutdown;
};

/** Makes what takes jobs by URL, and begins to fetch what waits. */
export function startFetches(
  { database, endings, media, shutdown, ...parts }: Parts,
  config: Pick<GatewayConfig, 'secretKey' | 'urlSubmit' | 'uploadBytesMax' | 'defaultMaxProcessingSeconds' | 'webhooks' | 'quotas'>,
  timings: FetchTimings = defaultFetchTimings,
): UrlSubmissions {
  const box = config.secretKey === undefined ? undefined : new SecretBox(config.secretKey);
  const openClient = (exchangesMax: number) =>
    new CheckedFetch({
      policy: new AddressPolicy({ networks: config.urlSubmit.networks, ownPorts: new Set(config.webhooks.ownPorts) }),
      exchangesMax,
    });
  const urls = new VideoUrls({ enabled: config.urlSubmit.enabled, box, checks: openClient(checksAtOnce) });
  const fetches = new VideoFetches({
    ...parts,
    store: new VideoFetchStore(database, endings, { leaseMs: timings.leaseMs }),
    media,
    urls,
    // A lookup that hangs keeps its place after its download was given up.
    client: openClient(fetchesAtOnce * 4),
    bytesMax: config.uploadBytesMax,
    fetchesMax: fetchesAtOnce,
    timings,
  });
  shutdown.register('downloads', () => fetches.stop());
  const onMade = (jobIds: readonly JobId[]) => {
    parts.logger.info('jobs queued, their videos have to be fetched', { jobIds });
    for (const jobId of jobIds) parts.moves.tell(jobId);
    fetches.nudge();
  };
  const submits = new UrlJobStore({ database, bounds: config.quotas, clock: parts.clock, onMade });
  return new UrlSubmissions({ ...parts, store: submits, urls, defaultMaxProcessingSeconds: config.defaultMaxProcessingSeconds });
}
