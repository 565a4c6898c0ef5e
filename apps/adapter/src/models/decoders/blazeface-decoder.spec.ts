import { describe, expect, it } from '@jest/globals';
import { decodeBlazeface } from './blazeface-decoder.js';
import { floats } from './tensors.fixture.js';

const decoding = { inputWidthPixels: 256, inputHeightPixels: 256, minScore: 0.7 };

/** Outputs without any face. */
function emptyOutputs() {
  const outputs = new Map([
    ['Identity', floats([1, 512, 1])],
    ['Identity_1', floats([1, 384, 1])],
    ['Identity_2', floats([1, 512, 16])],
    ['Identity_3', floats([1, 384, 16])],
  ]);
  outputs.get('Identity')!.data.fill(-100);
  outputs.get('Identity_1')!.data.fill(-100);
  return outputs;
}

describe('decodeBlazeface', () => {
  it('places box and landmarks relative to the anchor', () => {
    const outputs = emptyOutputs();
    // Second anchor of row 1, column 3 of the fine grid: (56, 24).
    const anchor = (16 + 3) * 2 + 1;
    outputs.get('Identity')!.data[anchor] = Math.log(9);
    outputs.get('Identity_2')!.data.set([4, -4, 20, 40, -5, -6, 5, -6, 0, 1, 0, 8, -9, 0, 9, 0], anchor * 16);
    const [face, ...others] = decodeBlazeface(outputs, decoding);
    expect(others).toEqual([]);
    expect(face!.score).toBeCloseTo(0.9, 6);
    expect(face).toMatchObject({ box: { x1: 50, y1: 0, x2: 70, y2: 40 }, classId: 0 });
    expect(face!.points).toEqual([
      { x: 51, y: 18 },
      { x: 61, y: 18 },
      { x: 56, y: 25 },
      { x: 56, y: 32 },
      { x: 47, y: 24 },
      { x: 65, y: 24 },
    ]);
  });

  it('knows the six anchors of a coarse cell', () => {
    const outputs = emptyOutputs();
    outputs.get('Identity_1')!.data[(8 + 2) * 6 + 5] = 100;
    outputs.get('Identity_3')!.data.set([0, 0, 32, 32], ((8 + 2) * 6 + 5) * 16);
    // Row 1, column 2 of the coarse grid: (80, 48).
    expect(decodeBlazeface(outputs, decoding)[0]).toMatchObject({ box: { x1: 64, y1: 32, x2: 96, y2: 64 }, score: 1 });
  });

  it('leaves out what is less likely than asked for', () => {
    const outputs = emptyOutputs();
    outputs.get('Identity')!.data[0] = 0.8; // sigmoid .69
    expect(decodeBlazeface(outputs, decoding)).toEqual([]);
  });

  it('refuses what is no number, and outputs of another model', () => {
    const outputs = emptyOutputs();
    outputs.get('Identity')!.data[0] = 100;
    outputs.get('Identity_2')!.data[9] = NaN;
    expect(() => decodeBlazeface(outputs, decoding)).toThrow('output "Identity_2" of the model holds a point that is not a number');
    outputs.get('Identity_1')!.data[3] = NaN;
    outputs.get('Identity')!.data[0] = -100;
    expect(() => decodeBlazeface(outputs, decoding)).toThrow('output "Identity_1" of the model holds a score that is not a number');
    outputs.set('Identity', floats([1, 896, 1]));
    expect(() => decodeBlazeface(outputs, decoding)).toThrow('has the shape [1, 896, 1], expected [1, 512, 1]');
  });
});
