import type { EnginePoolStatus } from '../engine/engine-pool.js';
import type { ModelStatus } from '../engine/protocol.js';

/** The detector that works when a caller names none; undefined while the engine processes start, or when none is usable. */
export function defaultDetector({ models }: EnginePoolStatus): ModelStatus | undefined {
  const detectors = models.filter(({ kind, problem }) => kind === 'detector' && problem === undefined);
  return detectors.find(({ isDefault }) => isDefault) ?? detectors[0];
}
