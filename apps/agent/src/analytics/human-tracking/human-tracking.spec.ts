import { describe, expect, it } from '@jest/globals';
import { begin, frameAt, momentAt, objectAt, startUnixMs } from '../analytic.fixture.js';
import { humanTracking } from './human-tracking.js';

const face = (score: number) => ({ rect: { x: 480, y: 410, width: 40, height: 50 }, score, attributes: { age: 40 } });
const tracksOf = (output: { results?: Record<string, readonly unknown[]> | undefined }) => output.results?.tracks;

describe('human_tracking', () => {
  it('tells of the persons of each frame, confirmed ones alone, under ids of their own', () => {
    const machine = begin(humanTracking, { probe_count: 2 }, ['body_detection']);
    expect(tracksOf(machine.update(frameAt(0, [objectAt(1, 500, 500, { hits: 1 })])))).toEqual([]);
    const [first] = tracksOf(machine.update(frameAt(1, [objectAt(1, 500, 500, { hits: 2 })]))) as { track_id: string }[];
    expect(first).toEqual({
      track_id: expect.stringMatching(/^id-/),
      face: null,
      body: { detection: { rect: { x: 450, y: 400, width: 100, height: 200 }, score: 0.8 } },
      time_offset: 1,
    });
    expect(tracksOf(machine.update(frameAt(2, [objectAt(1, 510, 500), objectAt(7, 100, 500, { label: 'dog' })])))).toMatchObject([
      { track_id: first!.track_id, body: { detection: { rect: { x: 460 } } } },
    ]);
    expect(tracksOf(machine.update(frameAt(3, [])))).toEqual([]);
  });

  it('keeps the best face of each, and asks for one until it has one, then for better pictures', () => {
    const machine = begin(humanTracking, {}, ['face_detection']);
    const see = (second: number, best: boolean) => machine.update(frameAt(second, [objectAt(1, 500, 500, { best })]));
    expect(see(0, false).looks).toMatchObject([{ key: '1' }]);
    machine.seen?.('1', face(0.9));
    machine.seen?.('1', face(0.8));
    machine.seen?.('2', face(0.99));
    expect(see(1, false).looks).toEqual([]);
    expect(see(2, true).looks).toHaveLength(1);
    expect(tracksOf(see(3, false))).toMatchObject([{ face: { detection: { score: 0.9 }, attributes: { age: 40 } }, body: null }]);
  });

  it('tells of a person with the best shot when he has left, or as he comes', () => {
    const machine = begin(humanTracking, {}, ['face_detection', 'body_detection']);
    machine.update(frameAt(0, [objectAt(1, 500, 500)]));
    machine.update(frameAt(1, [objectAt(1, 600, 500, { best: true, score: 0.95 })]));
    machine.seen?.('1', face(0.9));
    machine.update(frameAt(2, [objectAt(1, 900, 500)]));
    expect(machine.tick(momentAt(7)).messages).toEqual([]);
    expect(machine.tick(momentAt(7.1)).messages).toEqual([
      {
        eventType: 'human_tracking',
        createdAtUnixMs: startUnixMs,
        endedAtUnixMs: startUnixMs + 2_000,
        event: {
          track_id: expect.stringMatching(/^id-/),
          face: { detection: { rect: face(0).rect, score: 0.9 }, attributes: { age: 40 } },
          body: { detection: { rect: { x: 550, y: 400, width: 100, height: 200 }, score: 0.95 } },
        },
        image: undefined,
      },
    ]);
    const early = begin(humanTracking, { event_policy: { trigger: 'start' } }, ['overview']);
    expect(early.update(frameAt(0, [objectAt(1, 500, 500)])).messages).toMatchObject([
      { event: { overview: {} }, image: { mimetype: 'JPEG' } },
    ]);
    expect(early.close(momentAt(1)).messages).toEqual([]);
  });

  it('takes the documented targets that there are no models for, gives nothing for them, and refuses others', () => {
    const targets = ['body_detection', 'head_pose', 'ags', 'aggregated_face_samples', 'aggregated_body_samples'];
    const machine = begin(humanTracking, {}, targets);
    const output = machine.update(frameAt(0, [objectAt(1, 500, 500)]));
    expect(output.looks).toEqual([]);
    expect(tracksOf(output)).toEqual([
      { track_id: expect.stringMatching(/^id-/), face: null, body: { detection: expect.anything() }, time_offset: 0 },
    ]);
    expect(humanTracking.schema.safeParse({ targets: ['mood'] }).success).toBe(false);
  });
});
