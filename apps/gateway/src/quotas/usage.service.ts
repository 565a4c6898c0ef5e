import { MediaType } from '@nightjar/contracts';
import type { Clock } from '@nightjar/runtime';
import { untilNextDayMs, type QuotaName, type QuotaState } from './quota-refusal.js';
import { parseUsageQuery } from './usage-query.js';
import type { UsageStore, UsedDay } from './usage.store.js';

const dayMs = 86_400_000;

/** Bounds that hold for everybody. */
export interface ApiBounds {
  uploadBytesMax: number;
  imagesMax: number;
  imageBytesMax: number;
  imageBatchBytesMax: number;
  requestsPerMinute: number;
  /** Of a job that names none; 0: unbounded. */
  defaultMaxProcessingSeconds: number;
  retentionMs: number;
  allowlistedPersonsMax: number;
  allowlistImageBytesMax: number;
}

/** Answers what a tenant may do, and what it did. */
export class UsageService {
  constructor(private readonly options: { store: UsageStore; bounds: ApiBounds; clock: Clock }) {}

  /**
   * Every bound that a client meets. null stands for unbounded.
   * @param caller.requestsPerMinute of its key, where that has a number of its own
   * @throws AppError `unavailable`
   */
  async limits(caller: { tenantId: number; requestsPerMinute: number | undefined }) {
    const { store, bounds, clock } = this.options;
    const quotas = await store.findQuotas(caller.tenantId);
    const resetsInSeconds = Math.ceil(untilNextDayMs(clock.wallMs()) / 1_000);
    return {
      video: { bytes_max: bounds.uploadBytesMax },
      image_batch: { bytes_max: bounds.imageBatchBytesMax, images_max: bounds.imagesMax, image_bytes_max: bounds.imageBytesMax },
      allowlist: { persons_max: bounds.allowlistedPersonsMax, image_bytes_max: bounds.allowlistImageBytesMax },
      requests_per_minute: caller.requestsPerMinute ?? bounds.requestsPerMinute,
      max_processing_seconds: orNull(bounds.defaultMaxProcessingSeconds),
      retention_days: bounds.retentionMs / dayMs,
      quotas: [
        quotaView('jobs-open', quotas, null),
        quotaView('jobs-per-day', quotas, resetsInSeconds),
        quotaView('upload-bytes-per-day', quotas, resetsInSeconds),
      ],
    };
  }

  /** @throws AppError `invalid_argument` as `parseUsageQuery`, `unavailable` */
  async usage(tenantId: number, query: unknown) {
    const period = parseUsageQuery(query, this.options.clock.wallMs());
    const days = await this.options.store.findDays(tenantId, period);
    return {
      from: isoDay(period.from),
      to: isoDay(period.to),
      days: days.map((used) => ({ day: used.day, ...amounts(used.mediaType, [used]) })),
      totals: MediaType.options.map((mediaType) =>
        amounts(
          mediaType,
          days.filter((used) => used.mediaType === mediaType),
        ),
      ),
    };
  }
}

function quotaView(name: QuotaName, quotas: Record<QuotaName, QuotaState>, resetsInSeconds: number | null) {
  const { limit, used } = quotas[name];
  return { name, limit: orNull(limit), used, resets_in_seconds: resetsInSeconds };
}

function amounts(mediaType: MediaType, days: readonly UsedDay[]) {
  const sum = (value: (day: UsedDay) => number) => days.reduce((all, day) => all + value(day), 0);
  return {
    media_type: mediaType,
    unit: mediaType === 'video' ? 'second' : 'image',
    jobs: sum(({ jobs }) => jobs),
    images: sum(({ images }) => images),
    bytes: sum(({ bytes }) => bytes),
    analysed_units: Math.round(sum(({ mediaUnits }) => mediaUnits) * 1_000) / 1_000,
  };
}

function orNull(bound: number): number | null {
  return bound === 0 ? null : bound;
}

function isoDay(day: Date): string {
  return day.toISOString().slice(0, 10);
}
