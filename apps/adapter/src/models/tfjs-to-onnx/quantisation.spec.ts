import { describe, expect, it } from '@jest/globals';
import { activationQuantisation, quantiseWeights } from './quantisation.js';

describe('activationQuantisation', () => {
  it('maps the range to 0..255 with zero at a whole step', () => {
    const { scale, zeroPoint } = activationQuantisation({ min: -1, max: 1.55 });
    expect(scale).toBeCloseTo(0.01, 6);
    expect(zeroPoint).toBe(100);
  });

  it('widens a range that leaves zero out', () => {
    expect(activationQuantisation({ min: 2, max: 4 }).zeroPoint).toBe(0);
    expect(activationQuantisation({ min: -4, max: -2 }).zeroPoint).toBe(255);
  });

  it('survives an activation that is always zero', () => {
    expect(activationQuantisation({ min: 0, max: 0 })).toEqual({ scale: 1e-6, zeroPoint: 0 });
  });
});

describe('quantiseWeights', () => {
  it('uses -64 to 64 in every output channel, of which two times 255 fit into 16 bits', () => {
    const weights = { elementType: 'float32', shape: [2, 2], data: Float32Array.of(0.5, -1, 100, 25) } as const;
    const { quantised, scales } = quantiseWeights(weights);
    expect(Array.from(quantised.data as Int8Array)).toEqual([32, -64, 64, 16]);
    expect(scales[0]).toBeCloseTo(1 / 64, 6);
    expect(scales[1]).toBeCloseTo(100 / 64, 6);
  });

  it('keeps the sum of each kernel, by the weights that are nearest to the next step', () => {
    const rounds = { elementType: 'float32', shape: [1, 2, 1, 3], data: Float32Array.of(64, 10.4, 10.45, -64, -3.3, -3.4) } as const;
    expect(Array.from(quantiseWeights(rounds).quantised.data as Int8Array)).toEqual([64, 10, 11, -64, -3, -4]);
  });

  it('rounds to the nearest where a kernel has one weight, and never beyond the largest', () => {
    const single = { elementType: 'float32', shape: [1, 3, 1, 1], data: Float32Array.of(64, 10.4, 10.45) } as const;
    expect(Array.from(quantiseWeights(single).quantised.data as Int8Array)).toEqual([64, 10, 10]);
    const full = { elementType: 'float32', shape: [1, 1, 1, 4], data: Float32Array.of(64, 63.9, 63.9, 63.4) } as const;
    expect(Math.max(...Array.from(quantiseWeights(full).quantised.data as Int8Array))).toBe(64);
  });
});
