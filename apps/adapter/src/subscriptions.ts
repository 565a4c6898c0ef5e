import { adapterCapacity } from '@nightjar/contracts';
import { InferencePuller, type Bus } from '@nightjar/messaging';
import type { Clock, Logger } from '@nightjar/runtime';
import type { EnginePool } from './engine/engine-pool.js';
import { detectPersonsForBus } from './intake/bus-work.js';

const capacityEveryMs = 5_000;

export interface Subscriptions {
  /** Takes no more work and finishes what runs. */
  stop(): Promise<void>;
}

/** All that this process takes from the bus and tells on it. Begin when the engine processes are ready. */
export function subscribe(parts: { bus: Bus; pool: EnginePool; adapterId: string; clock: Clock; logger: Logger }): Subscriptions {
  const { bus, pool, adapterId, clock, logger } = parts;
  const slots = pool.status.processes;

  const personDetection = new InferencePuller({
    bus,
    capability: 'person_detection',
    // As many items as engine processes: a busy adapter leaves work to others.
    slots,
    clock,
    logger,
    run: (work, signal) => detectPersonsForBus(work, { pool, clock, signal }),
  });
  personDetection.start();

  const tellCapacity = () =>
    bus.publish(adapterCapacity, {
      adapter_id: adapterId,
      capabilities: ['person_detection'],
      slots_total: slots,
      slots_busy: pool.status.busy,
      at_unix_ms: clock.wallMs(),
    });
  tellCapacity();
  const timer = setInterval(tellCapacity, capacityEveryMs);

  return {
    stop: async () => {
      clearInterval(timer);
      await personDetection.stop();
    },
  };
}
