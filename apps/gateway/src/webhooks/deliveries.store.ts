import { type JobsDatabase, orUnavailable } from '@nightjar/database';

export const deliveryStates = ['pending', 'delivered', 'exhausted', 'cancelled'] as const;
type DeliveryState = (typeof deliveryStates)[number];

/** A message as its tenant may see it. */
export interface DeliveryRow {
  id: string;
  jobId: string;
  state: DeliveryState;
  origin: string;
  attempt: number;
  runAfter: Date;
  redeliverAt: Date | null;
  lastError: string | null;
  createdAt: Date;
  endedAt: Date | null;
}

/** One line of the delivery log. */
export interface AttemptRow {
  attempt: number;
  at: Date;
  durationMs: number;
  status: number | null;
  error: string | null;
  answer: string | null;
  manual: boolean;
}

/** Where a page of the list begins: behind this message. */
export interface DeliveryPosition {
  createdAtUnixMs: number;
  id: string;
}

/** Rows of messages as clients read them; sending has statements of its own. */
export class DeliveryStore {
  constructor(private readonly database: JobsDatabase) {}

  /** Newest first. */
  list(query: {
    tenantId: number;
    jobId: string | undefined;
    state: DeliveryState | undefined;
    behind: DeliveryPosition | undefined;
    limit: number;
  }): Promise<DeliveryRow[]> {
    const { tenantId, jobId, state, behind, limit } = query;
    const createdAt = new Date(behind?.createdAtUnixMs ?? 0);
    return orUnavailable(
      this.database.webhookDelivery.findMany({
        where: {
          tenantId,
          ...(jobId === undefined ? {} : { jobId }),
          ...(state === undefined ? {} : { state }),
          ...(behind ? { createdAt: { lte: createdAt }, NOT: { createdAt, id: { gte: behind.id } } } : {}),
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
      }),
    );
  }

  /** @returns null for an id that is unknown or of another tenant; attempts in the order they were made */
  find(id: string, tenantId: number): Promise<(DeliveryRow & { attempts: AttemptRow[] }) | null> {
    const attempts = { orderBy: { attempt: 'asc' } } as const;
    return orUnavailable(this.database.webhookDelivery.findFirst({ where: { id, tenantId }, include: { attempts } }));
  }

  /** Asks for an attempt beside the schedule, now. @returns false for an id that is unknown or of another tenant */
  async askAgain(id: string, tenantId: number): Promise<boolean> {
    const changed = await orUnavailable(
      this.database
        .$executeRaw`UPDATE jobs.webhook_delivery SET redeliver_at = coalesce(redeliver_at, now()), is_due = true WHERE id = ${id} AND tenant_id = ${tenantId}`,
    );
    return changed > 0;
  }
}
