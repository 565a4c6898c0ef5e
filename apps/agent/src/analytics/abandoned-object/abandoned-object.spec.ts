import { describe, expect, it } from '@jest/globals';
import { alertKinds, begin, frameAt, momentAt, objectAt, scaled, startUnixMs } from '../analytic.fixture.js';
import type { TrackedObject } from '../frame-result.js';
import { abandonedObject } from './abandoned-object.js';

const bag = (trackId = 9, x = 500) => objectAt(trackId, x, 600, { label: 'suitcase', box: { x1: x - 20, y1: 570, x2: x + 20, y2: 630 } });
const owner = objectAt(1, 560, 500);
const passerBy = objectAt(2, 100, 500);
const parameters = { unattended_seconds: 5, owner_distance: 0.5, gone_seconds: 2 };

/** One frame a second. */
function play(frames: readonly (readonly TrackedObject[])[]): (string | undefined)[] {
  const machine = begin(abandonedObject, parameters);
  return frames.map((tracks, second) => alertKinds([machine.update(frameAt(second, tracks))])[0]);
}

describe('abandoned_object', () => {
  it('opens when nobody was near for long enough, counted from when the owner left', () => {
    const machine = begin(abandonedObject, parameters);
    const sequence = [...Array<TrackedObject[]>(3).fill([bag(), owner]), ...Array<TrackedObject[]>(5).fill([bag(), passerBy])];
    const outputs = sequence.map((tracks, second) => machine.update(frameAt(second, tracks)));
    expect(alertKinds(outputs)).toEqual(['opened']);
    expect(outputs[7]!.alerts).toMatchObject([{ startedAtUnixMs: startUnixMs + 2_000, details: { label: 'suitcase' } }]);
  });

  it('closes when somebody is with it again, and opens anew when he leaves', () => {
    const alone = Array<TrackedObject[]>(6).fill([bag()]);
    const kinds = play([...alone, [bag(), owner], ...alone]);
    expect(kinds.filter(Boolean)).toEqual(['opened', 'closed', 'opened']);
  });

  it('closes when it is gone, at the moment when it was last seen', () => {
    const machine = begin(abandonedObject, parameters);
    for (let second = 0; second <= 6; second++) machine.update(frameAt(second, [bag()]));
    expect(machine.update(frameAt(8, [])).alerts).toEqual([]);
    expect(machine.tick(momentAt(8.1)).alerts).toMatchObject([{ kind: 'closed', endedAtUnixMs: startUnixMs + 6_000 }]);
  });

  it('goes on with the wait when somebody hid it for a moment and its track is a new one', () => {
    expect(play([[bag()], [bag()], [passerBy], [bag(10)], [bag(10)], [bag(10)]]).filter(Boolean)).toEqual(['opened']);
  });

  it('goes on with the wait when the picture gets another size', () => {
    const machine = begin(abandonedObject, parameters);
    const frames = [0, 1, 2].map((second) => frameAt(second, [bag(), owner]));
    const small = [3, 4, 5, 6, 7].map((second) => scaled(frameAt(second, [bag(), passerBy]), 640, 360));
    const outputs = [...frames, ...small].map((frame) => machine.update(frame));
    expect(alertKinds(outputs)).toEqual(['opened']);
    expect(outputs[7]!.alerts).toMatchObject([{ startedAtUnixMs: startUnixMs + 2_000, box: { x1: expect.closeTo(307.2) } }]);
  });

  it('begins anew where it is put down again', () => {
    expect(play([[bag()], [bag()], [bag()], [bag(9, 700)], [bag(9, 700)], [bag(9, 700)], [bag(9, 700)]]).filter(Boolean)).toEqual([]);
  });

  it('asks for its labels beside persons, and passes over others', () => {
    const given = abandonedObject.schema.parse({});
    expect(abandonedObject.labelsOf?.(given)).toEqual(['backpack', 'handbag', 'suitcase']);
    expect(play(Array<TrackedObject[]>(8).fill([objectAt(3, 500, 500, { label: 'dog' })])).filter(Boolean)).toEqual([]);
  });

  it('ends what is open at its own end', () => {
    const machine = begin(abandonedObject, parameters);
    for (let second = 0; second <= 6; second++) machine.update(frameAt(second, [bag()]));
    expect(machine.close(momentAt(7)).alerts).toMatchObject([{ kind: 'closed', key: '1' }]);
  });
});
