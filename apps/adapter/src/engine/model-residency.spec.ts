import { describe, expect, it } from '@jest/globals';
import { estimateMemoryBytes, idleModels, planRoom, type ResidentModel } from './model-residency.js';

const model = (name: string, overrides: Partial<ResidentModel> = {}): ResidentModel => ({
  name,
  memoryBytes: 100,
  lastUsedMs: 0,
  pinned: false,
  kept: false,
  inUse: false,
  ...overrides,
});

describe('planRoom', () => {
  it('asks nobody to go without a budget, or while there is room', () => {
    const models = [model('a')];
    expect(planRoom({ budgetBytes: 0, residentBytes: 1e12, neededBytes: 1e12, models })).toEqual({ evict: [] });
    expect(planRoom({ budgetBytes: 300, residentBytes: 200, neededBytes: 100, models })).toEqual({ evict: [] });
  });

  it('lets the least recently used go first, and no more than needed', () => {
    const models = [model('new', { lastUsedMs: 30 }), model('old', { lastUsedMs: 10 }), model('middle', { lastUsedMs: 20 })];
    expect(planRoom({ budgetBytes: 400, residentBytes: 400, neededBytes: 100, models })).toEqual({ evict: ['old'] });
    expect(planRoom({ budgetBytes: 400, residentBytes: 400, neededBytes: 101, models })).toEqual({ evict: ['old', 'middle'] });
  });

  it('never lets a model to preload go, but one that was loaded by command', () => {
    const models = [model('preloaded', { pinned: true }), model('by command', { kept: true, lastUsedMs: 5 })];
    expect(planRoom({ budgetBytes: 300, residentBytes: 300, neededBytes: 50, models })).toEqual({ evict: ['by command'] });
    expect(planRoom({ budgetBytes: 300, residentBytes: 300, neededBytes: 150, models })).toEqual({ refuse: 'full' });
  });

  it('takes no model out of the hands of a request, and says that waiting helps', () => {
    const models = [model('in use', { inUse: true }), model('free', { lastUsedMs: 9 })];
    expect(planRoom({ budgetBytes: 300, residentBytes: 300, neededBytes: 100, models })).toEqual({ evict: ['free'] });
    expect(planRoom({ budgetBytes: 300, residentBytes: 300, neededBytes: 200, models })).toEqual({ refuse: 'busy' });
    expect(planRoom({ budgetBytes: 300, residentBytes: 300, neededBytes: 201, models })).toEqual({ refuse: 'full' });
  });

  it('counts a model that takes more than there is as one that never fits', () => {
    expect(planRoom({ budgetBytes: 300, residentBytes: 100, neededBytes: 500, models: [] })).toEqual({ refuse: 'full' });
  });
});

describe('idleModels', () => {
  it('names models that nobody used for so long, except those that are to stay', () => {
    const models = [
      model('idle'),
      model('fresh', { lastUsedMs: 1 }),
      model('preloaded', { pinned: true }),
      model('by command', { kept: true }),
      model('in use', { inUse: true }),
    ];
    expect(idleModels(models, { nowMs: 1_000, idleMs: 1_000 })).toEqual(['idle']);
    expect(idleModels(models, { nowMs: 1_001, idleMs: 1_000 })).toEqual(['idle', 'fresh']);
    expect(idleModels(models, { nowMs: 1e9, idleMs: 0 })).toEqual([]);
  });
});

describe('estimateMemoryBytes', () => {
  it('expects more than the files, and something of the smallest model', () => {
    expect(estimateMemoryBytes(100 * 1024 ** 2)).toBe(200 * 1024 ** 2);
    expect(estimateMemoryBytes(0)).toBe(16 * 1024 ** 2);
  });
});
