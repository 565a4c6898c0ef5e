import type { EventView } from '@nightjar/contracts';
import { z } from 'zod';

const Share = z.number().min(0).max(1);
const Payload = z.object({ bbox: z.object({ x: Share, y: Share, w: Share, h: Share }) });
/** In shares of the picture. */
export type EvidenceBox = z.infer<typeof Payload>['bbox'];

/** Where on its picture an event is; undefined where its reporter did not say, or says something else by it. */
export function boxOf({ payload }: Pick<EventView, 'payload'>): EvidenceBox | undefined {
  return Payload.safeParse(payload).data?.bbox;
}
