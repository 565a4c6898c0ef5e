import { describe, expect, it } from '@jest/globals';
import type { ModelStatus } from '../../engine/protocol.js';
import { describeAdapter, describeDetail, megabytes, nameModels } from './describe-models.js';

const model = (name: string, version: string, overrides: Partial<ModelStatus> = {}): ModelStatus => ({
  name,
  version,
  kind: 'detector',
  description: 'finds things',
  framework: 'onnx',
  licence: 'MIT',
  labels: ['person'],
  sizeBytes: 4_321_000,
  isDefault: false,
  device: 'cpu',
  loaded: false,
  fingerprint: 'sha256:00',
  precision: undefined,
  inputs: undefined,
  outputs: undefined,
  memoryBytes: undefined,
  problem: undefined,
  ...overrides,
});

describe('models on the legacy surface', () => {
  it('have a name each, also when several versions stand side by side', () => {
    const named = nameModels([model('yolo', '1'), model('nanodet', '3'), model('yolo', '2'), model('yolo', '3')]);
    expect(named.map(({ adapter }) => adapter)).toEqual(['yolo', 'nanodet', 'yolo@2', 'yolo@3']);
  });

  it('are enabled and healthy unless something is wrong with them, which is said', () => {
    const broken = model('yolo', '1', { problem: 'file best.onnx: wrong checksum' });
    expect(describeDetail(broken)).toMatchObject({ status: 'unavailable', model_info: { problem: 'file best.onnx: wrong checksum' } });
    expect(describeAdapter({ adapter: 'yolo', model: broken }, [])).toMatchObject({ enabled: false, problem: broken.problem });
    expect(describeDetail(model('yolo', '1'))).toMatchObject({ status: 'healthy', model_info: { size_mb: 4.32 } });
    expect(describeAdapter({ adapter: 'yolo', model: model('yolo', '1') }, ['object_detection'])).toMatchObject({
      enabled: true,
      tasks: ['object_detection'],
    });
  });

  it('tell the memory they take only when it is known', () => {
    expect([megabytes(undefined), megabytes(0), megabytes(12_345_678)]).toEqual([undefined, 0, 12.35]);
  });
});
