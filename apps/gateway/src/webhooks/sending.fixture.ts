import { randomUUID } from 'node:crypto';
import { SecretBox } from '@nightjar/auth';
import { openJobsDatabase, type JobsDatabase } from '@nightjar/database';
import { parseNetwork, type Lookup } from '@nightjar/outbound';
import { systemClock, type Clock, type Logger } from '@nightjar/runtime';
import { createTestDatabase, type TestDatabase } from '@nightjar/testing';
import { openWebhookClient, WebhookSender, type DeliveryTimings } from '@nightjar/webhooks';
import { createJobId } from '../jobs/job-id.js';
import { JobStore } from '../jobs/job.store.js';
import { JobDeliveries } from './job-deliveries.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** Times that a test can wait for: three attempts at once. Deadlines that no loaded machine reaches; who is about one says which. */
export const shortTimings: DeliveryTimings = {
  waitsMs: [0, 20, 20],
  timeoutMs: 60_000,
  leaseMs: 120_000,
  pollEveryMs: 50,
  slowMs: 300,
  stopGraceMs: 100,
};

const loopback = [parseNetwork('127.0.0.0/8')!];

/** Rows of messages, and senders for them, without the rest of a gateway. */
export class Sending {
  readonly secretKey = Buffer.alloc(32, 7).toString('base64');
  readonly secrets = new WebhookSecrets(new SecretBox(this.secretKey));
  /** Every line that any sender logged. */
  readonly log: string[] = [];
  private senders: WebhookSender[] = [];

  private constructor(
    readonly database: JobsDatabase,
    private readonly testDatabase: TestDatabase,
  ) {}

  /** @param roadTo another way to the database */
  static async prepare(roadTo = async (url: string) => url): Promise<Sending> {
    const testDatabase = await createTestDatabase();
    return new Sending(openJobsDatabase({ url: await roadTo(testDatabase.url) }), testDatabase);
  }

  get databaseUrl(): string {
    return this.testDatabase.url;
  }

  /** A finished job whose end nobody was told of yet. @returns the message's id */
  async addMessage(url: string, { secret, text = '' }: { secret?: string; text?: string } = {}): Promise<string> {
    const jobId = createJobId('video', Date.now());
    const id = `msg_${randomUUID()}`;
    await this.database.job.create({
      data: {
        id: jobId,
        tenantId: 1,
        mediaType: 'video',
        state: 'finished',
        result: { raw_scenes: [], text },
        webhookUrl: url,
        webhookSecret: secret === undefined ? null : this.secrets.seal(secret, jobId),
        deliveries: { create: { id, tenantId: 1, origin: new URL(url).origin } },
      },
    });
    return id;
  }

  /** Many messages to one receiver, in one statement. */
  async addMessages(url: string, count: number): Promise<void> {
    const prefix = randomUUID();
    await this.database.$executeRaw`
      WITH added AS (
        INSERT INTO jobs.job (id, tenant_id, media_type, state, webhook_url)
        SELECT 'video_' || ${prefix} || '_' || n, 1, 'video', 'finished', ${url} FROM generate_series(1, ${count}::int) AS n
        RETURNING id)
      INSERT INTO jobs.webhook_delivery (id, job_id, tenant_id, origin)
      SELECT 'msg_' || gen_random_uuid(), id, 1, ${new URL(url).origin} FROM added`;
  }

  startSender(
    options: { timings?: Partial<DeliveryTimings>; lookup?: Lookup; networks?: typeof loopback; clock?: Clock } = {},
  ): WebhookSender {
    const { timings, lookup, networks = loopback, clock = systemClock } = options;
    const sender = new WebhookSender({
      queue: this.queue(),
      client: openWebhookClient({ networks, ownPorts: [] }, { exchangesMax: 256, lookup }),
      clock,
      logger: this.logger,
      signatureFormat: 'sha256=hex',
      timings: { ...shortTimings, ...timings },
    });
    this.senders.push(sender);
    return sender;
  }

  /** What a sender claims from. */
  queue({ originsMax, database = this.database }: { originsMax?: number; database?: JobsDatabase } = {}): JobDeliveries {
    return new JobDeliveries(database, new JobStore(database, 3_600_000), this.secrets, originsMax);
  }

  /** The database, and how many planned statements went over it. */
  countStatements(): { database: JobsDatabase; count: number } {
    const counted = { database: this.database, count: 0 };
    const $planned: JobsDatabase['$planned'] = (...statement) => {
      counted.count++;
      return this.database.$planned(...statement);
    };
    counted.database = new Proxy(this.database, {
      get: (target, name) => (name === '$planned' ? $planned : (Reflect.get(target, name) as unknown)),
    });
    return counted;
  }

  /** A message with its log. */
  message(id: string) {
    return this.database.webhookDelivery.findUniqueOrThrow({ where: { id }, include: { attempts: { orderBy: { attempt: 'asc' } } } });
  }

  async state(id: string): Promise<string> {
    return (await this.message(id)).state;
  }

  async stopSenders(): Promise<void> {
    await Promise.all(this.senders.map((sender) => sender.stop()));
    this.senders = [];
  }

  async remove(): Promise<void> {
    await this.stopSenders();
    await this.database.$disconnect();
    await this.testDatabase.drop();
  }

  private get logger(): Logger {
    const write = (message: string, fields?: object) => void this.log.push(JSON.stringify({ message, ...fields }));
    return { debug: write, info: write, warn: write, error: write, child: () => this.logger };
  }
}
