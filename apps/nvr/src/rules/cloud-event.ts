import type { EventView } from '@nightjar/contracts';
import type { EventMoment } from './rule-messages.js';

/** What receivers get: CloudEvents 1.0 in its JSON format. `id` is the same in every attempt. */
export function cloudEventOf(message: {
  id: string;
  createdAt: Date;
  moment: EventMoment;
  event: EventView;
  rule: { id: number; name: string };
  issuer: string;
}) {
  const { createdAt, event, id, issuer, moment, rule } = message;
  return {
    specversion: '1.0',
    id,
    type: `org.nightjar.event.${moment}`,
    source: `${issuer}/api/v1/events`,
    subject: `cameras/${event.camera_id}/events/${event.id}`,
    time: createdAt.toISOString(),
    datacontenttype: 'application/json',
    data: { rule, event },
  };
}
