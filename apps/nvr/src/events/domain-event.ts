import type { DomainEvent } from '@nightjar/contracts';
import { eventView } from './event-view.js';
import type { SavedEvent } from './write-reports.js';

/** What apps of OpenNVR are told of a change: that a track is over, or that an alert or alarm has begun; else nothing. */
export function domainEventOf({ event, hasEnded, isNew }: SavedEvent): DomainEvent | undefined {
  const isTrack = event.eventType === 'track';
  if (isTrack ? !hasEnded : !isNew) return undefined;
  const schema = isTrack ? 'opennvr.events.visit.recorded.v1' : 'opennvr.events.alert.fired.v1';
  const id = `evt_${event.id}`;
  const at = (isTrack && event.endedAt) || event.startedAt;
  const payload = eventView(event);
  return { id, schema, correlation_id: id, camera_id: `cam${event.cameraId}`, ts: at.toISOString(), producer: 'nightjar', payload };
}
