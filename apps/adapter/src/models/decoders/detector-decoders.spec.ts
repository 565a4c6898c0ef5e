import { describe, expect, it } from '@jest/globals';
import { detectorDecoderNames, detectorDecoders } from './detector-decoders.js';
import { floats } from './tensors.fixture.js';

const decoding = { inputWidthPixels: 64, inputHeightPixels: 64, classes: 3, minScore: 0.5 };

describe('detectorDecoders', () => {
  it.each(detectorDecoderNames)('%s refuses outputs of another model by name and shape, and no outputs at all', (name) => {
    const { decode } = detectorDecoders[name];
    const strange = new Map([
      ['one', floats([1, 17])],
      ['two', floats([3, 5, 7])],
    ]);
    expect(() => decode(strange, decoding)).toThrow(
      /^(the model has no output .*one|output "\w+" of the model has the shape \[.*\], expected \[)/,
    );
    expect(() => decode(new Map([['one', floats([1, 17])]]), decoding)).toThrow(/one/);
    expect(() => decode(new Map(), decoding)).toThrow(/^the model has no output/);
  });

  it.each(detectorDecoderNames)('%s refuses an output that holds no floats', (name) => {
    const bytes = { type: 'uint8', dims: [1, 3, 7], data: new Uint8Array(21) } as const;
    const names = ['output0', 'Identity', 'tower_0/keypoints', 'boxes', 'scores', 'logits', 'pred_boxes'];
    const outputs = new Map(names.map((key) => [key, bytes]));
    expect(() => detectorDecoders[name].decode(outputs, decoding)).toThrow('has type uint8, not float32');
  });
});
