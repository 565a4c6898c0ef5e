import { describe, expect, it } from '@jest/globals';
import { Capability, type Lane } from '@nightjar/contracts';
import { queuesInOrder } from './inference-puller.js';

describe('the order in which a slot asks the queues', () => {
  it.each([1, 2, 3, 4, 5])('has each of %i capabilities first in its lane equally often, whatever waits beside it', (count) => {
    const capabilities = Capability.options.slice(0, count);
    const first = Array.from({ length: 20 * count }, (_, round) => queuesInOrder(capabilities, round)[0]!);
    const times = (lane: Lane) =>
      capabilities.map((one) => first.filter((queue) => queue.lane === lane && queue.capability === one).length);
    expect(times('batch')).toEqual(capabilities.map(() => 4));
    expect(times('live')).toEqual(capabilities.map(() => 16));
  });

  it('asks every queue once in each round, live ones first but in every fifth', () => {
    for (let round = 0; round < 20; round++) {
      const queues = queuesInOrder(Capability.options, round);
      expect(new Set(queues.map(({ capability, lane }) => `${lane} ${capability}`)).size).toBe(10);
      const lanes: Lane[] = round % 5 === 4 ? ['batch', 'live'] : ['live', 'batch'];
      expect(queues.map(({ lane }) => lane)).toEqual(lanes.flatMap((lane) => Capability.options.map(() => lane)));
    }
  });
});
