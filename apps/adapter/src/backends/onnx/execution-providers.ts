import type { EngineCatalogue, ExecutionProvider } from '../../engine/protocol.js';
import { describeOnnxError } from './onnx-errors.js';
import { OnnxSession } from './onnx-session.js';
import { probeInput, probeModel } from './probe-model.js';

/** What of the wanted providers can be had in this process. */
export interface ProviderChoice {
  /** In the order of preference. */
  readonly available: readonly ExecutionProvider[];
  readonly missing: EngineCatalogue['missingProviders'];
}

/**
 * Tries each wanted provider with a tiny convolution, which needs all of its libraries and its device. Nothing stands in for what
 * is missing: only providers that are in the list are ever used.
 * @param wanted in order of preference
 */
export async function chooseProviders(wanted: readonly ExecutionProvider[]): Promise<ProviderChoice> {
  const available: ExecutionProvider[] = [];
  const missing: { provider: ExecutionProvider; reason: string }[] = [];
  for (const provider of new Set(wanted)) {
    // The CPU is part of the runtime.
    const reason = provider === 'cpu' ? undefined : await reasonWithout(provider);
    if (reason === undefined) available.push(provider);
    else missing.push({ provider, reason });
  }
  return { available, missing };
}

async function reasonWithout(provider: ExecutionProvider): Promise<string | undefined> {
  let session: OnnxSession | undefined;
  try {
    session = await OnnxSession.create(probeModel(), provider);
    await session.run(probeInput());
    return undefined;
  } catch (error) {
    return describeOnnxError(error);
  } finally {
    await session?.release();
  }
}
