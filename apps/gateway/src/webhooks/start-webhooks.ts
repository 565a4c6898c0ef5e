import { SecretBox } from '@nightjar/auth';
import { openJobsDatabase, type JobsDatabase } from '@nightjar/database';
import type { Lookup } from '@nightjar/outbound';
import type { Clock, Logger, Shutdown } from '@nightjar/runtime';
import { defaultDeliveryTimings, openWebhookClient, WebhookSender, type DeliveryTimings } from '@nightjar/webhooks';
import type { GatewayConfig } from '../config.js';
import { JobStore } from '../jobs/job.store.js';
import { DeliveryStore } from './deliveries.store.js';
import { JobDeliveries } from './job-deliveries.js';
import { WebhookIntake } from './webhook-intake.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** Names that are looked up for submits at a time. Full: the next webhook is taken unseen, and looked at when it is called. */
const checksAtOnce = 8;
/** More than the sender has on their way: a lookup that hangs keeps its place after its attempt was given up. */
const exchangesMax = 256;
/** Of the sender alone: however many submits wait for the others, what was promised to receivers is sent. */
const senderConnections = 3;

/** What tests replace. */
export interface WebhookDoubles {
  timings?: Partial<DeliveryTimings>;
  lookup?: Lookup;
}

/** What other parts of the gateway have to do with webhooks. */
export interface Webhooks {
  intake: WebhookIntake;
  deliveries: DeliveryStore;
  sender: WebhookSender;
}

/** Makes the parts of webhooks and begins to send what waits. */
export function startWebhooks(
  parts: { database: JobsDatabase; jobs: JobStore; clock: Clock; logger: Logger; shutdown: Shutdown },
  config: Pick<GatewayConfig, 'secretKey' | 'webhooks' | 'databaseUrl' | 'retentionMs'>,
  { timings, lookup }: WebhookDoubles = {},
): Webhooks {
  const { clock, logger, shutdown } = parts;
  const secrets = new WebhookSecrets(config.secretKey === undefined ? undefined : new SecretBox(config.secretKey));
  const intake = new WebhookIntake(openWebhookClient(config.webhooks, { exchangesMax: checksAtOnce, lookup }), secrets);
  const database = openJobsDatabase({ url: config.databaseUrl, connectionsMax: senderConnections });
  shutdown.register('connections of the webhook sender', () => database.$disconnect());
  const sender = new WebhookSender({
    clock,
    logger,
    queue: new JobDeliveries(database, new JobStore(database, config.retentionMs), secrets),
    client: openWebhookClient(config.webhooks, { exchangesMax, lookup }),
    signatureFormat: config.webhooks.signatureFormat,
    timings: { ...defaultDeliveryTimings, ...timings },
  });
  shutdown.register('webhook sender', () => sender.stop());
  return { intake, deliveries: new DeliveryStore(parts.database), sender };
}
