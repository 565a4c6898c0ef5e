import { describe, expect, it } from '@jest/globals';
import { PersonPresence, presenceMoves, type PersonSighting, type PresenceState } from './person-presence.js';

const box = { x1: 0, y1: 0, x2: 10, y2: 20 };
const seen = (trackId: number, hits: number, score = 0.6): PersonSighting => ({ trackId, hits, score, box });
const startUnixMs = 1_800_000_000_000;
const moment = (ms: number) => ({ unixMs: startUnixMs + ms, monotonicMs: ms });

describe('PersonPresence', () => {
  it('opens an event when a track is confirmed, from its first frame on, once', () => {
    const presence = new PersonPresence({ confirmHits: 2, goneMs: 5_000 });
    expect(presence.update([seen(1, 1)], moment(0))).toEqual([]);
    expect(presence.update([seen(1, 2, 0.8)], moment(500))).toEqual([
      { kind: 'opened', trackId: 1, startedAtUnixMs: startUnixMs, score: 0.8, box },
    ]);
    expect(presence.update([seen(1, 3)], moment(1_000))).toEqual([]);
  });

  it('never tells of a track that was seen once', () => {
    const presence = new PersonPresence({ confirmHits: 2, goneMs: 5_000 });
    presence.update([seen(1, 1)], moment(0));
    expect(presence.update([], moment(60_000))).toEqual([]);
    expect(presence.open).toBe(0);
  });

  it('closes an event with the moment of the last sighting and the best score', () => {
    const presence = new PersonPresence({ confirmHits: 2, goneMs: 5_000 });
    presence.update([seen(1, 1, 0.5)], moment(0));
    presence.update([seen(1, 2, 0.9)], moment(500));
    presence.update([seen(1, 3, 0.7)], moment(1_000));
    expect(presence.update([], moment(6_000))).toEqual([]);
    expect(presence.update([], moment(6_001))).toEqual([
      { kind: 'closed', trackId: 1, startedAtUnixMs: startUnixMs, endedAtUnixMs: startUnixMs + 1_000, score: 0.9 },
    ]);
    expect(presence.update([], moment(60_000))).toEqual([]);
  });

  it('goes on with the event of somebody who was hidden for a moment', () => {
    const presence = new PersonPresence({ confirmHits: 2, goneMs: 5_000 });
    presence.update([seen(1, 2)], moment(0));
    presence.update([], moment(4_000));
    expect(presence.update([seen(1, 3)], moment(4_500))).toEqual([]);
    expect(presence.update([], moment(9_400))).toEqual([]);
    expect(presence.update([], moment(9_600))).toHaveLength(1);
  });

  it('measures absence by the clock that does not jump', () => {
    const presence = new PersonPresence({ confirmHits: 1, goneMs: 5_000 });
    presence.update([seen(1, 1)], moment(0));
    expect(presence.update([], { unixMs: startUnixMs + 3_600_000, monotonicMs: 500 })).toEqual([]);
  });

  it('ends nothing before it began, also when the wall clock was set back meanwhile', () => {
    const presence = new PersonPresence({ confirmHits: 2, goneMs: 5_000 });
    presence.update([seen(1, 2)], moment(0));
    presence.update([seen(1, 3)], { unixMs: startUnixMs - 600_000, monotonicMs: 500 });
    expect(presence.update([], moment(6_000))).toMatchObject([
      { kind: 'closed', startedAtUnixMs: startUnixMs, endedAtUnixMs: startUnixMs },
    ]);
  });

  it('closes all that is open when the analysis stops', () => {
    const presence = new PersonPresence({ confirmHits: 2, goneMs: 5_000 });
    presence.update([seen(1, 2), seen(2, 2), seen(3, 1)], moment(0));
    expect(presence.closeAll().map(({ kind, trackId }) => [kind, trackId])).toEqual([
      ['closed', 1],
      ['closed', 2],
    ]);
    expect(presence.closeAll()).toEqual([]);
  });

  it('opens only what was not open, and closes only what was', () => {
    for (const state of Object.keys(presenceMoves) as PresenceState[]) {
      for (const { next, change } of Object.values(presenceMoves[state])) {
        expect(change === 'opened').toBe(state === 'candidate' && next === 'present');
        expect(change === 'closed').toBe(state !== 'candidate' && next === 'forgotten');
      }
    }
  });
});
