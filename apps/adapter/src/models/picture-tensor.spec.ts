import { describe, expect, it } from '@jest/globals';
import { fromFloat16Bits } from '../backends/float16.js';
import type { PixelBuffer } from '../pictures/picture.js';
import { pictureTensor, type PictureForm } from './picture-tensor.js';

/** Two pixels: (10, 20, 30) and (40, 50, 60). */
const pixels: PixelBuffer = { data: Uint8Array.of(10, 20, 30, 40, 50, 60), widthPixels: 2, heightPixels: 1 };
const asIs: PictureForm = { layout: 'nhwc', dtype: 'uint8', channelOrder: 'rgb', mean: [0, 0, 0], deviation: [1, 1, 1] };

describe('a picture as a tensor', () => {
  it('in a decoder’s own form is not copied', () => {
    const tensor = pictureTensor(pixels, asIs);
    expect(tensor.data).toBe(pixels.data);
    expect(tensor.dims).toEqual([1, 1, 2, 3]);
  });

  it('has planes where the model wants planes, and its order of channels', () => {
    expect(pictureTensor(pixels, { ...asIs, layout: 'nchw' })).toEqual({
      type: 'uint8',
      dims: [1, 3, 1, 2],
      data: Uint8Array.of(10, 40, 20, 50, 30, 60),
    });
    expect(pictureTensor(pixels, { ...asIs, channelOrder: 'bgr' }).data).toEqual(Uint8Array.of(30, 20, 10, 60, 50, 40));
  });

  it('is normalised per channel, in the order of the channels that the model sees', () => {
    const form: PictureForm = { layout: 'nchw', dtype: 'float32', channelOrder: 'bgr', mean: [30, 20, 10], deviation: [2, 3, 5] };
    expect([...pictureTensor(pixels, form).data]).toEqual([0, 15, 0, 10, 0, 6]);
  });

  it('comes in 16-bit floats, too', () => {
    const { type, data } = pictureTensor(pixels, { ...asIs, dtype: 'float16', deviation: [255, 255, 255] });
    expect(type).toBe('float16');
    const values = [...fromFloat16Bits(data as Uint16Array)];
    for (const [index, byte] of pixels.data.entries()) expect(values[index]).toBeCloseTo(byte / 255, 3);
  });
});
