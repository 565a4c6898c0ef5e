import { AppError, type Clock } from '@nightjar/runtime';
import { readInferParameters, Sequences } from './infer-parameters.js';
import { encodeAnswer, type EncodedAnswer } from './infer-response.js';
import type { InferenceStatistics } from './inference-statistics.js';
import { checkInputs, rawInput, selectOutputs } from './model-signature.js';
import type { RequestReader } from './request-reader.js';
import type { ModelAnswer, ServedModel } from './served-model.js';

interface OipInferenceRequest {
  readonly model: ServedModel;
  readonly body: Uint8Array;
  /** Value of `Inference-Header-Content-Length`; 0: the body is the data of the only input. */
  readonly headerBytes: number | undefined;
  /** Who asks, where the request does not say. */
  readonly turn: string;
  readonly signal: AbortSignal;
}

interface OipInferenceAnswer extends EncodedAnswer {
  readonly fingerprint: string | undefined;
}

const defaultTimeoutMs = 30_000;

/** From the body of a request for inference to the body of its answer. */
export class OipInference {
  private readonly sequences: Sequences;

  constructor(private readonly parts: { clock: Clock; statistics: InferenceStatistics; reader: RequestReader }) {
    this.sequences = new Sequences(parts.clock);
  }

  /** @throws AppError `invalid_argument` before any work, `overloaded`, or what the model says */
  async infer(request: OipInferenceRequest): Promise<OipInferenceAnswer> {
    const { clock, statistics } = this.parts;
    const { model } = request;
    const startedMs = clock.monotonicMs();
    const elapsedMs = () => clock.monotonicMs() - startedMs;
    try {
      const { answer, encoded, encodeMs } = await this.run(request, elapsedMs);
      const { timesMs, runs } = answer;
      statistics.recordSuccess(model, { totalMs: elapsedMs(), timesMs: { ...timesMs, output: timesMs.output + encodeMs }, runs });
      return { ...encoded, fingerprint: answer.fingerprint };
    } catch (error) {
      statistics.recordFailure(model, elapsedMs());
      throw error;
    }
  }

  private async run(
    { model, body, headerBytes, turn, signal }: OipInferenceRequest,
    elapsedMs: () => number,
  ): Promise<{ answer: ModelAnswer; encoded: EncodedAnswer; encodeMs: number }> {
    if (model.problem !== undefined) throw new AppError('unavailable', `model "${model.name}" cannot be used: ${model.problem}`);
    const { reader } = this.parts;
    const asked = headerBytes === 0 ? undefined : await reader.read(body, headerBytes, { timeoutMs: defaultTimeoutMs, signal });
    const options = readInferParameters(asked?.parameters ?? {}, this.sequences);
    const timeoutMs = Math.min(options.timeoutMs ?? defaultTimeoutMs, defaultTimeoutMs);
    const signature = await model.describe({ signal, timeoutMs, turn });
    if (signature.inputs.length === 0)
      throw new AppError('not_implemented', `model "${model.name}" does not work on tensors alone: use the task that it is for`);
    const inputs = asked?.inputs ?? [rawInput(body, signature)];
    checkInputs(inputs, signature);
    // A body without inference header has no room for parameters, and is answered as it came.
    const selected = selectOutputs(asked?.outputs, signature, asked === undefined || options.allOutputsBinary);
    const answer = await model.infer(inputs, {
      lane: options.lane,
      session: options.session,
      turn,
      signal,
      parameters: options.own,
      outputs: selected.map(({ name }) => name),
      elapsedMs,
      remainingMs: () => remaining(timeoutMs - elapsedMs()),
    });
    if (options.endingSequence !== undefined) this.sequences.end(options.endingSequence);
    const answeredMs = elapsedMs();
    const { name: modelName, version: modelVersion } = model;
    const encoded = await encodeAnswer({ modelName, modelVersion, id: asked?.id, ...answer }, selected);
    return { answer, encoded, encodeMs: elapsedMs() - answeredMs };
  }
}

function remaining(ms: number): number {
  if (ms <= 0) throw new AppError('deadline_exceeded', 'the request was not answered in time');
  return Math.max(1, Math.ceil(ms));
}
