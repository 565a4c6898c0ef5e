import { startFetches } from '../fetches/start-fetches.js';
import type { UrlSubmissions } from '../fetches/url-submissions.js';
import type { GatewayParts } from '../gateway-parts.js';
import { Idempotency } from '../idempotency/idempotency.js';
import type { Jobs } from '../jobs/start-jobs.js';
import { Quotas } from '../quotas/quotas.js';
import { ResumableUploads } from './resumable/resumable-uploads.js';
import { Submissions } from './submissions.js';

/** The three ways in. */
interface Intake {
  submissions: Submissions;
  resumableUploads: ResumableUploads;
  urlSubmissions: UrlSubmissions;
}

/** Makes the ways in, which share quotas and webhooks; downloads that wait begin. */
export function startIntake(parts: GatewayParts, { store: jobs, endings, webhooks: { intake: webhooks } }: Jobs): Intake {
  const { config, database, bus, moves, media, paths, clock, logger, shutdown } = parts;
  const { uploadBytesMax, defaultMaxProcessingSeconds } = config;
  const quotas = new Quotas({ database, bounds: config.quotas, clock, logger });
  shutdown.register('quotas', () => quotas.stop());
  const idempotency = new Idempotency({ database, logger });
  const stores = { jobs, media, webhooks, quotas, bus, moves, clock, logger };
  const bounds = { uploadBytesMax, defaultMaxProcessingSeconds };
  return {
    submissions: new Submissions({ ...stores, ...bounds, idempotency }),
    resumableUploads: new ResumableUploads({ ...stores, ...bounds, database, paths }),
    urlSubmissions: startFetches({ ...stores, database, endings, shutdown, idempotency }, config),
  };
}
