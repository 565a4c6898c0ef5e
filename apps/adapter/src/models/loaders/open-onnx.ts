import type { OnnxSession } from '../../backends/onnx/onnx-session.js';
import type { Tensors } from '../../backends/tensor.js';
import type { Precision } from '../../engine/engine-tasks.js';
import type { ExecutionProvider } from '../../engine/protocol.js';
import type { ModelManifest, PictureInput } from '../model-manifest.js';
import type { LoadedParts, LoadingTools } from '../model-loader.js';
import { compareOutputs } from '../precision-check.js';
import { checkedRun } from '../warm-up.js';
import { onFirstProvider } from './on-first-provider.js';
import { openBatched } from './open-batched.js';

/** One form of a model's weights. */
export interface ModelVariant {
  readonly precision: Precision;
  readonly open: (provider: ExecutionProvider) => Promise<OnnxSession>;
}

interface OnnxModel {
  readonly manifest: ModelManifest;
  /** How its sessions take pictures. */
  readonly takes: PictureInput | undefined;
  /** At least one. */
  readonly variants: readonly ModelVariant[];
}

/** Best first. 8-bit graphs are made for the CPU's instructions; a GPU would compute them piece by piece. */
const favourites: Readonly<Record<ExecutionProvider, readonly Precision[]>> = {
  cpu: ['int8', 'fp32', 'fp16'],
  cuda: ['fp16', 'fp32', 'int8'],
  tensorrt: ['fp16', 'fp32', 'int8'],
};

/**
 * Opens a model on the first of the providers that can run it (the others of the list are there because the configuration names
 * them), in the precision that suits it, and runs it once. int8 is taken only where it was seen to agree with fp32, if there is one.
 * @throws AppError `model_error` or `unavailable` with the last provider's reason, or because none of the configured ones can be had
 */
export function openOnnx(model: OnnxModel, tools: LoadingTools): Promise<LoadedParts> {
  return onFirstProvider(model.manifest.name, tools, (provider) => openOn(model, provider, tools));
}

async function openOn(model: OnnxModel, provider: ExecutionProvider, tools: LoadingTools): Promise<LoadedParts> {
  const { manifest, takes, variants } = model;
  const [favourite, ...others] = favourites[provider].flatMap((wanted) => variants.filter(({ precision }) => precision === wanted));
  const fp32 = others.find(({ precision }) => precision === 'fp32');
  let chosen = await openWarm(model, favourite!, provider);
  if (favourite!.precision === 'int8' && fp32 && chosen.outputs) {
    const reference = await openWarm(model, fp32, provider);
    const { agree, worstCosine } = compareOutputs(reference.outputs ?? new Map(), chosen.outputs);
    const dropped = agree ? reference : chosen;
    if (!agree) {
      tools.logger.warn('int8 disagrees with fp32 on this CPU, fp32 is used', { model: manifest.name, worstCosine });
      chosen = reference;
    }
    await dropped.session.release();
  }
  const { variant, session } = chosen;
  const batched = await openBatched({ manifest, takes, provider, session, open: () => variant.open(provider), logger: tools.logger });
  return { takes, device: provider, precision: variant.precision, session: batched };
}

interface WarmVariant {
  readonly variant: ModelVariant;
  readonly session: OnnxSession;
  /** Of the fixed picture; undefined for a model that takes none. */
  readonly outputs: Tensors | undefined;
}

async function openWarm({ manifest, takes }: OnnxModel, variant: ModelVariant, provider: ExecutionProvider): Promise<WarmVariant> {
  const session = await variant.open(provider);
  try {
    return { variant, session, outputs: await checkedRun(manifest, { session, takes }) };
  } catch (error) {
    await session.release();
    throw error;
  }
}
