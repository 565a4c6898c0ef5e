// sharp → float tensor → onnxruntime → boxes, as anybody would write it who has read the three manuals: the baseline of P4.
import sharp from 'sharp';
import { decodeNanodet } from '../../apps/adapter/dist/models/decoders/nanodet-decoder.js';
import { suppressNonMaxima } from '../../libs/geometry/dist/index.js';

const minScore = 0.45;

export class PlainPipeline {
  constructor({ session, manifest, takes }, { kernel }) {
    Object.assign(this, { session, manifest, takes, kernel });
    sharp.concurrency(1);
    sharp.cache(false);
  }

  async run(bytes) {
    const { widthPixels, heightPixels } = this.takes;
    const image = sharp(bytes);
    const { width, height } = await image.metadata();
    const data = await image
      .autoOrient()
      .resize(widthPixels, heightPixels, { fit: 'fill', kernel: this.kernel })
      .removeAlpha()
      .raw()
      .toBuffer();
    const input = this.tensor(data);
    const outputs = await this.session.run(new Map([[this.session.inputs[0].name, input]]));
    const decoding = { inputWidthPixels: widthPixels, inputHeightPixels: heightPixels, classes: this.manifest.labels.length, minScore };
    const boxes = suppressNonMaxima(decodeNanodet(outputs, decoding), { maxIou: 0.5, scope: 'same-class' });
    return boxes.map(({ box, score, classId }) => ({
      box: [
        (box.x1 * width) / widthPixels,
        (box.y1 * height) / heightPixels,
        (box.x2 * width) / widthPixels,
        (box.y2 * height) / heightPixels,
      ],
      score,
      classId,
    }));
  }

  /** The converted model takes bytes or floats, with its normalisation inside or outside, as its manifest says. */
  tensor(data) {
    const { widthPixels, heightPixels, dtype, layout, mean, deviation, channelOrder } = this.takes;
    if (dtype === 'uint8' && layout === 'nhwc') return { type: 'uint8', dims: [1, heightPixels, widthPixels, 3], data };
    const pixels = widthPixels * heightPixels;
    const floats = new Float32Array(3 * pixels);
    for (let channel = 0; channel < 3; channel++) {
      const source = channelOrder === 'bgr' ? 2 - channel : channel;
      for (let pixel = 0; pixel < pixels; pixel++) {
        const to = layout === 'nchw' ? channel * pixels + pixel : pixel * 3 + channel;
        floats[to] = (data[pixel * 3 + source] - mean[channel]) / deviation[channel];
      }
    }
    const dims = layout === 'nchw' ? [1, 3, heightPixels, widthPixels] : [1, heightPixels, widthPixels, 3];
    return { type: 'float32', dims, data: floats };
  }
}
