import { describe, expect, it } from '@jest/globals';
import { DomainEvent, domainEvent } from '@nightjar/contracts';
import { domainEventOf } from './domain-event.js';
import type { Event } from './events.store.js';
import type { SavedEvent } from './write-reports.js';

const event: Event = {
  id: 7,
  seq: 9,
  cameraId: 1,
  source: 'tier0',
  eventType: 'track',
  trackId: 'a-1',
  startedAt: new Date(0),
  label: 'person',
  score: 0.9,
  endedAt: new Date(1_000),
  evidenceFile: null,
  plateText: null,
  payload: {},
};
const told = (change: Partial<SavedEvent>, of: Partial<Event> = {}) => {
  const saved = { id: 7, seq: 9, isNew: false, hasEnded: false, evidenceFile: null, evidenceFileBefore: null, event: { ...event, ...of } };
  return domainEventOf({ ...saved, ...change });
};

describe('what apps are told of events', () => {
  it('is a visit when a track is over, once', () => {
    const visit = DomainEvent.parse(told({ hasEnded: true }));
    expect(visit).toMatchObject({
      id: 'evt_7',
      camera_id: 'cam1',
      ts: '1970-01-01T00:00:01.000Z',
      payload: { id: 7, label: 'person', ended_at: '1970-01-01T00:00:01.000Z' },
    });
    expect(domainEvent.subject(visit)).toBe('opennvr.events.visit.recorded.v1.cam1');
    expect([told({ isNew: true }), told({})]).toEqual([undefined, undefined]);
  });

  it('is an alert when it begins, whatever becomes of it', () => {
    expect(told({ isNew: true }, { eventType: 'alert' })?.schema).toBe('opennvr.events.alert.fired.v1');
    expect(told({ isNew: true, hasEnded: true }, { eventType: 'alarm' })?.schema).toBe('opennvr.events.alert.fired.v1');
    expect(told({ hasEnded: true }, { eventType: 'alert' })).toBeUndefined();
  });
});
