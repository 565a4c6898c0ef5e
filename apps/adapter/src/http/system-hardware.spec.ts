import { describe, expect, it } from '@jest/globals';
import { parseGpus } from './system-hardware.js';

describe('parseGpus', () => {
  it('reads one GPU a line', () => {
    expect(parseGpus('NVIDIA H100 80GB HBM3, 81559, 1024\nNVIDIA T4, 15360, 0\n')).toEqual([
      { name: 'NVIDIA H100 80GB HBM3', vram_total_mb: 81_559, vram_used_mb: 1_024 },
      { name: 'NVIDIA T4', vram_total_mb: 15_360, vram_used_mb: 0 },
    ]);
  });

  it('shows no GPU for what is no answer', () => {
    expect(parseGpus('')).toEqual([]);
    expect(parseGpus('No devices were found\n')).toEqual([]);
    expect(parseGpus('NVIDIA T4, [N/A], [N/A]\n')).toEqual([]);
  });
});
