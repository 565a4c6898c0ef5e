import { z } from 'zod';

const Bytes = z.number().nullable();
/** `GET /api/v1/recordings/storage`. */
export const Storage = z.object({
  degraded: z.array(z.string()),
  used_bytes: z.number(),
  free_bytes: Bytes,
  total_bytes: Bytes,
  archive: z.object({ used_bytes: z.number(), free_bytes: Bytes, total_bytes: Bytes, after_hours: z.number() }).nullable(),
  forecast_days_left: z.number().nullable(),
  bounds: z.object({ days: z.number().nullable(), used_bytes: Bytes, free_bytes: Bytes }),
  cameras: z.array(
    z.object({
      camera_id: z.number(),
      name: z.string(),
      used_bytes: z.number(),
      oldest_unix: z.number(),
      newest_unix: z.number(),
    }),
  ),
});
export type Storage = z.infer<typeof Storage>;
const Percent = z.number().nullable();
/** `GET /api/v1/system/resources`. */
export const Resources = z.object({
  cpu_percent: Percent,
  memory: z.object({ total: z.number(), used: z.number() }),
  active_alerts: z.array(z.object({ alert_type: z.string(), since: z.string() })),
});
export type Resources = z.infer<typeof Resources>;
/** What the machine was busy with at one moment. */
export const Sample = z.object({ ts: z.number(), cpu_percent: Percent, memory_percent: Percent, disk_percent: Percent });
export type Sample = z.infer<typeof Sample>;
export const Adapter = z.object({
  name: z.string(),
  adapter_version: z.string().nullable(),
  model_name: z.string().nullable(),
  model_version: z.string().nullable(),
  tasks_advertised: z.array(z.string()),
  health_status: z.enum(['ok', 'degraded', 'loading', 'error', 'unreachable']),
});
export type Adapter = z.infer<typeof Adapter>;
