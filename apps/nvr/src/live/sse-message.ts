import type { EventView, Overlay } from '@nightjar/contracts';

/** How long a browser waits before it connects again. */
const retryMs = 2_000;

/** JSON has no line breaks, so each message is one `data` line. */
export function notificationMessage(seq: number, event: EventView): string {
  return `id: ${seq}\nevent: notification\ndata: ${JSON.stringify(event)}\n\n`;
}

/** No id: an overlay that was missed is not missed. */
export function overlayMessage(overlay: Overlay): string {
  return `event: overlay\ndata: ${JSON.stringify(overlay)}\n\n`;
}

/** First message: an id without data sets the position from which the client comes back, and shows nothing. */
export function openingMessage(seq: number): string {
  return `retry: ${retryMs}\nid: ${seq}\n\n`;
}

/** Notifications between the two positions are not replayed: the client reads the list again. */
export function gapMessage(gap: { lastEventId: number; resumedAfter: number }): string {
  return `id: ${gap.resumedAfter}\nevent: gap\ndata: ${JSON.stringify({ last_event_id: gap.lastEventId, resumed_after: gap.resumedAfter })}\n\n`;
}
