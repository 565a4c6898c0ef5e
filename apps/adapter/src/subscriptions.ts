import { adapterCapacity } from '@nightjar/contracts';
import { InferencePuller, type Bus } from '@nightjar/messaging';
import type { Clock, Logger } from '@nightjar/runtime';
import type { EnginePool } from './engine/engine-pool.js';
import { busCapabilities, doBusWork } from './intake/bus-work.js';

const capacityEveryMs = 5_000;

export interface Subscriptions {
  /** Takes no more work and finishes what runs. */
  stop(): Promise<void>;
}

/** All that this process takes from the bus and tells on it. Begin when the engine processes are ready. */
export function subscribe(parts: { bus: Bus; pool: EnginePool; adapterId: string; clock: Clock; logger: Logger }): Subscriptions {
  const { bus, pool, adapterId, clock, logger } = parts;
  const { slots } = pool.status;

  const inference = new InferencePuller({
    bus,
    capabilities: busCapabilities,
    // As many items as can run at once: a busy adapter leaves work to others.
    slots,
    clock,
    logger,
    run: (work, signal) => doBusWork(work, { pool, clock, signal }),
  });
  inference.start();

  const tellCapacity = () => {
    const { running, queued, ready, processes, models } = pool.status;
    bus.publish(adapterCapacity, {
      adapter_id: adapterId,
      capabilities: [...busCapabilities],
      slots_total: slots,
      slots_busy: running,
      queued,
      healthy: ready === processes && models.every(({ problem }) => problem === undefined),
      models_loaded: models.filter(({ loaded }) => loaded).map(({ name, version }) => `${name}@${version}`),
      at_unix_ms: clock.wallMs(),
    });
  };
  tellCapacity();
  const timer = setInterval(tellCapacity, capacityEveryMs);

  return {
    stop: async () => {
      clearInterval(timer);
      await inference.stop();
    },
  };
}
