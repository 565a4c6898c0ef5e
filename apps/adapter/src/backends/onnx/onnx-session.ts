import { InferenceSession, Tensor } from 'onnxruntime-node';

/** Interleaved 8-bit RGB pixels, row by row. */
export interface PixelBuffer {
  readonly data: Uint8Array;
  readonly widthPixels: number;
  readonly heightPixels: number;
}

/** Outputs by name. */
export type SessionOutputs = ReadonlyMap<string, Float32Array>;

/**
 * One model in memory, on the CPU, with one thread: several processes with a thread each do more than one process with
 * several, which wait for each other. `run` and `create` block the JavaScript thread: engine processes only.
 */
export class OnnxSession {
  private constructor(
    private readonly session: InferenceSession,
    private readonly inputName: string,
  ) {}

  /** @throws Error of the runtime when the bytes are no model it can run */
  static async create(model: Uint8Array): Promise<OnnxSession> {
    const session = await InferenceSession.create(model, {
      executionProviders: ['cpu'],
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    const [inputName] = session.inputNames;
    if (inputName === undefined) throw new Error('the model has no input');
    return new OnnxSession(session, inputName);
  }

  /** Runs one picture through the model; the picture must have the size of the model's input. */
  async run(picture: PixelBuffer): Promise<SessionOutputs> {
    const { data, widthPixels, heightPixels } = picture;
    const input = new Tensor('uint8', data, [1, heightPixels, widthPixels, 3]);
    const outputs = await this.session.run({ [this.inputName]: input });
    return new Map(Object.entries(outputs).map(([name, tensor]) => [name, floatsOf(name, tensor)]));
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function floatsOf(name: string, tensor: Tensor): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  throw new Error(`output "${name}" of the model has type ${tensor.type}, not float32`);
}
