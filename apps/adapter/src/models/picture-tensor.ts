import { toFloat16Bits } from '../backends/float16.js';
import type { Tensor } from '../backends/tensor.js';
import type { PixelBuffer } from '../pictures/picture.js';
import type { PictureInput } from './model-manifest.js';

/** How a session takes pictures. */
export type PictureForm = Pick<PictureInput, 'layout' | 'dtype' | 'channelOrder' | 'mean' | 'deviation'>;

const channels = 3;

/** One picture as the tensor that a model takes: its layout, its order of channels, normalised. Shape `[1, 3, h, w]` or `[1, h, w, 3]`. */
export function pictureTensor(pixels: PixelBuffer, form: PictureForm): Tensor {
  const { data, widthPixels, heightPixels } = pixels;
  const { layout, dtype, channelOrder } = form;
  const planar = layout === 'nchw';
  const dims = planar ? [1, channels, heightPixels, widthPixels] : [1, heightPixels, widthPixels, channels];
  if (dtype === 'uint8' && !planar && channelOrder === 'rgb') return { type: 'uint8', dims, data };
  const count = widthPixels * heightPixels;
  const out = new arrayOf[dtype](count * channels);
  for (let channel = 0; channel < channels; channel++) {
    const source = channelOrder === 'rgb' ? channel : channels - 1 - channel;
    const values = valuesOfBytes(form, channel);
    const start = planar ? channel * count : channel;
    const step = planar ? 1 : channels;
    for (let from = source, to = start; from < data.length; from += channels, to += step) out[to] = values[data[from]!]!;
  }
  return { type: dtype, dims, data: out };
}

const arrayOf = { float32: Float32Array, float16: Uint16Array, uint8: Uint8Array } as const;

/** What each of the 256 values of a channel becomes: a look-up for every pixel instead of a division. */
function valuesOfBytes({ dtype, mean, deviation }: PictureForm, channel: number): Float32Array | Uint16Array | Uint8Array {
  const normalise = (byte: number) => (byte - mean[channel]!) / deviation[channel]!;
  const length = 256;
  if (dtype === 'float32') return Float32Array.from({ length }, (_, byte) => normalise(byte));
  if (dtype === 'float16') return Uint16Array.from({ length }, (_, byte) => toFloat16Bits(normalise(byte)));
  return Uint8Array.from({ length }, (_, byte) => byte);
}
