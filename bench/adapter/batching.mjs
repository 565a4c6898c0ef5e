// P18: joining requests into batches. On a CPU it gains a convolution network nothing, so no model that comes with the adapter asks for it.
import { builtinModels } from '../../apps/adapter/dist/models/builtin/builtin-models.js';

export function measureP18() {
  const batching = builtinModels.filter(({ manifest }) => manifest.batching !== undefined).map(({ manifest }) => manifest.name);
  const lines =
    batching.length === 0
      ? ['shipped default / batching forced off: the same configuration, ratio 1 by construction: no shipped model joins requests on a CPU']
      : [`shipped models that join requests: ${batching.join(', ')}: measure them`];
  return Promise.resolve({ lines });
}
