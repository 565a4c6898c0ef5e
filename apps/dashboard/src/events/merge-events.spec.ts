import { describe, expect, it } from '@jest/globals';
import type { EventView } from '@nightjar/contracts';
import { mergeEvent } from './merge-events.js';

function event(id: number, startedAtSeconds: number, endedAt: string | null = null): EventView {
  const nothing = { recording_ref: null, plate_text: null, evidence_url: null, payload: null, track_id: null };
  const startedAt = new Date(startedAtSeconds * 1000).toISOString();
  return {
    id,
    camera_id: 1,
    source: 'tier0',
    event_type: 'track',
    label: 'person',
    score: 0.9,
    started_at: startedAt,
    ended_at: endedAt,
    has_evidence: false,
    ...nothing,
  };
}
const ids = (events: readonly EventView[]) => events.map(({ id }) => id);

describe('the event list', () => {
  it('keeps the newest first, whatever order they come in', () => {
    const list = [event(1, 10), event(3, 30), event(2, 20), event(4, 30)].reduce<EventView[]>(
      (events, one) => mergeEvent(events, one, 10),
      [],
    );
    expect(ids(list)).toEqual([4, 3, 2, 1]);
  });

  it('replaces an event that changed', () => {
    const list = mergeEvent([event(2, 20), event(1, 10)], event(1, 10, '2026-01-01T00:00:00.000Z'), 10);
    expect(ids(list)).toEqual([2, 1]);
    expect(list[1]?.ended_at).toBe('2026-01-01T00:00:00.000Z');
  });

  it('has a bound', () => {
    expect(ids(mergeEvent([event(3, 30), event(2, 20)], event(4, 40), 2))).toEqual([4, 3]);
    expect(ids(mergeEvent([event(3, 30), event(2, 20)], event(1, 10), 2))).toEqual([3, 2]);
  });
});
