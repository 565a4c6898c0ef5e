import { describe, expect, it } from '@jest/globals';
import { mergeCatalogues } from './pool-catalogue.js';
import type { EngineCatalogue, ModelStatus } from './protocol.js';

const model = (name: string, version: string, memoryBytes?: number): ModelStatus => ({
  name,
  version,
  kind: 'detector',
  description: '',
  framework: 'onnx',
  licence: '',
  labels: [],
  sizeBytes: 1,
  isDefault: false,
  device: 'cpu',
  loaded: memoryBytes !== undefined,
  fingerprint: undefined,
  precision: undefined,
  inputs: undefined,
  outputs: undefined,
  memoryBytes,
  problem: undefined,
});
const catalogue = (...models: ModelStatus[]): EngineCatalogue => ({ models, userTasks: [], missingProviders: [] });

describe('mergeCatalogues', () => {
  it('counts a model as loaded where any process has it, and says in how many', () => {
    const { models } = mergeCatalogues([catalogue(model('a', '1'), model('b', '1')), catalogue(model('a', '1', 7), model('b', '1'))]);
    expect(models).toMatchObject([
      { name: 'a', loaded: true, memoryBytes: 7, loadedIn: 1 },
      { name: 'b', loaded: false, loadedIn: 0 },
    ]);
  });

  it('keeps versions apart', () => {
    const { models } = mergeCatalogues([catalogue(model('a', '1', 1), model('a', '2')), catalogue(model('a', '1', 2), model('a', '2'))]);
    expect(models.map(({ version, loadedIn }) => [version, loadedIn])).toEqual([
      ['1', 2],
      ['2', 0],
    ]);
  });

  it('knows nothing before a process has said anything', () => {
    expect(mergeCatalogues([catalogue(), catalogue()])).toEqual({ models: [], userTasks: [], missingProviders: [] });
  });
});
