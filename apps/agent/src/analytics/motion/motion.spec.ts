import { describe, expect, it } from '@jest/globals';
import { alertKinds, begin, frameAt, momentAt, objectAt, startUnixMs } from '../analytic.fixture.js';
import { motion } from './motion.js';

const upperLeft = { x1: 0, y1: 0, x2: 0.2, y2: 0.2 };
const still = { share: 0, regions: [] };
const moving = { share: 0.03, regions: [upperLeft] };

describe('motion', () => {
  it('opens when something moved for long enough, from its first frame on, and closes after the quiet time', () => {
    const machine = begin(motion, { min_duration_seconds: 1, quiet_seconds: 3 });
    const sequence = [still, moving, still, moving, moving, moving, still, still, moving, still, still, still, still];
    const outputs = sequence.map((seen, second) => machine.update(frameAt(second, [], seen)));
    expect(outputs.map(({ alerts = [] }) => alerts.map(({ kind }) => kind).join())).toEqual([
      ...['', '', '', '', 'opened', '', '', '', '', '', '', 'closed', ''],
    ]);
    expect(outputs[4]!.alerts).toMatchObject([{ startedAtUnixMs: startUnixMs + 3_000 }]);
    expect(outputs[11]!.alerts).toMatchObject([{ endedAtUnixMs: startUnixMs + 8_000, details: { share_max: 0.03 } }]);
  });

  it('looks at a zone alone', () => {
    const zone = (x: number) => ({
      points: [
        [x, 0],
        [x + 0.4, 0],
        [x + 0.4, 0.4],
        [x, 0.4],
      ],
    });
    const see = (x: number) => begin(motion, { zone: zone(x), min_duration_seconds: 0 }).update(frameAt(0, [], moving));
    expect(see(0)).toMatchObject({ results: { frame_estimations: [{ share: 0.25, moving: true }] }, alerts: [{ kind: 'opened' }] });
    expect(see(0.5)).toMatchObject({ results: { frame_estimations: [{ share: 0, moving: false }] }, alerts: [] });
  });

  it('takes objects that move where a source does not look for motion', () => {
    const machine = begin(motion, { min_duration_seconds: 0 });
    expect(alertKinds([machine.update(frameAt(0, [objectAt(1, 500, 500, { stationary: true })]))])).toEqual([]);
    expect(alertKinds([machine.update(frameAt(1, [objectAt(1, 500, 500)]))])).toEqual(['opened']);
  });

  it('ends while no frames come, and at its own end', () => {
    const machine = begin(motion, { min_duration_seconds: 0 });
    machine.update(frameAt(0, [], moving));
    expect(machine.tick(momentAt(4)).alerts).toEqual([]);
    expect(machine.tick(momentAt(5)).alerts).toMatchObject([{ kind: 'closed', key: '1' }]);
    machine.update(frameAt(6, [], moving));
    expect(machine.close(momentAt(7)).alerts).toMatchObject([{ kind: 'closed', key: '2' }]);
    expect(machine.close(momentAt(8)).alerts).toBeUndefined();
  });
});
