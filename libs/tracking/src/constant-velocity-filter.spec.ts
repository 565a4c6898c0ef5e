import { describe, expect, it } from '@jest/globals';
import { ConstantVelocityFilter } from './constant-velocity-filter.js';

const noise = { positionDeviation: 1, velocityDeviation: 0.1 };

describe('ConstantVelocityFilter', () => {
  it('learns the velocity of something that moves evenly', () => {
    const filter = new ConstantVelocityFilter(0, { positionDeviation: 2, velocityDeviation: 5 });
    for (let frame = 1; frame <= 20; frame++) {
      filter.predict(1, noise);
      filter.update(3 * frame, 1);
    }
    filter.predict(10, noise);
    expect(filter.position).toBeCloseTo(90, 0);
  });

  it('predicts the same from one long step as from many short ones', () => {
    const [once, often] = [0, 1].map(() => {
      const filter = new ConstantVelocityFilter(0, { positionDeviation: 2, velocityDeviation: 5 });
      filter.predict(1, noise);
      filter.update(4, 1);
      return filter;
    });
    once!.predict(15, noise);
    for (let frame = 0; frame < 15; frame++) often!.predict(1, noise);
    expect(once!.position).toBeCloseTo(often!.position, 9);
  });

  it('stays between its belief and a measurement, nearer to the more certain one', () => {
    const sure = new ConstantVelocityFilter(0, { positionDeviation: 0.1, velocityDeviation: 0 });
    const unsure = new ConstantVelocityFilter(0, { positionDeviation: 10, velocityDeviation: 0 });
    sure.update(10, 1);
    unsure.update(10, 1);
    expect(sure.position).toBeLessThan(1);
    expect(unsure.position).toBeGreaterThan(9);
  });

  it('stays where it is once stopped', () => {
    const filter = new ConstantVelocityFilter(0, { positionDeviation: 2, velocityDeviation: 5 });
    filter.predict(1, noise);
    filter.update(5, 1);
    const before = filter.position;
    filter.stop();
    filter.predict(30, noise);
    expect(filter.position).toBe(before);
  });
});
