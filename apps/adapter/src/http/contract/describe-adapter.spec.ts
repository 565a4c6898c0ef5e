import { describe, expect, it } from '@jest/globals';
import type { EnginePoolStatus } from '../../engine/engine-pool.js';
import type { HardwareReading } from '../system-hardware.js';
import { HardwareEvaluation } from './contract-messages.js';
import { describeCapabilities, describeHealth } from './describe-adapter.js';
import { evaluateHardware, type HardwareFacts } from './evaluate-hardware.js';

const detector = {
  name: 'd',
  version: '1',
  kind: 'detector',
  description: 'finds things',
  framework: 'onnxruntime',
  licence: 'Apache-2.0',
  labels: ['person'],
  sizeBytes: 1_234_567,
  isDefault: true,
  device: 'cuda:0',
  loaded: true,
  fingerprint: 'sha256:00',
  precision: 'fp32',
  inputs: [{ name: 'in', type: 'float32', dims: [-1, 3, 240, 320] }],
  outputs: undefined,
  memoryBytes: 1,
  problem: undefined,
} as unknown as EnginePoolStatus['models'][number];
const status = (changes: Partial<EnginePoolStatus> = {}) =>
  ({ started: true, processes: 2, slots: 2, ready: 2, models: [detector], missingProviders: [], ...changes }) as EnginePoolStatus;
const hardware: HardwareReading = { cpu: { cores: 8, model: 'a processor', load_1m: 0 }, ram_gb: { total: 16, available: 8 }, gpu: [] };
const evaluate = (facts: Partial<HardwareFacts>) =>
  HardwareEvaluation.parse(evaluateHardware({ status: status(), hardware, wantedProviders: ['cpu'], ...facts }, new Date(0)));

describe('evaluateHardware', () => {
  it('is content with a machine that does what was asked for', () => {
    expect(evaluate({})).toMatchObject({ verdict: 'ok', reasoning: 'models run on 8 cores; 8 GB of memory are free' });
  });

  it.each<[string, Partial<HardwareFacts>, 'warn' | 'blocked', string]>([
    ['little memory is free', { hardware: { ...hardware, ram_gb: { total: 2, available: 0.7 } } }, 'warn', '0.7 GB'],
    ['no memory is free', { hardware: { ...hardware, ram_gb: { total: 2, available: 0.2 } } }, 'blocked', '0.2 GB'],
    ['there is one core', { hardware: { ...hardware, cpu: { ...hardware.cpu, cores: 1 } } }, 'warn', 'one core'],
    ['no engine process runs', { status: status({ ready: 0 }) }, 'blocked', 'no engine process'],
    ['no detector can be used', { status: status({ models: [{ ...detector, problem: 'damaged' }] }) }, 'blocked', 'no detector'],
    [
      'one of two wanted providers is missing',
      { wantedProviders: ['cuda', 'cpu'], status: status({ missingProviders: [{ provider: 'cuda', reason: 'no driver' }] }) },
      'warn',
      'cuda cannot be had: no driver',
    ],
    [
      'the only wanted provider is missing',
      { wantedProviders: ['cuda'], status: status({ missingProviders: [{ provider: 'cuda', reason: 'no driver' }] }) },
      'blocked',
      'no driver',
    ],
  ])('says so when %s', (_what, facts, verdict, reason) => {
    const evaluation = evaluate(facts);
    expect(evaluation.verdict).toBe(verdict);
    expect(evaluation.reasoning).toContain(reason);
  });

  it('finds nothing to say against models that are still loading', () => {
    expect(evaluate({ status: status({ started: false, ready: 0, models: [] }) }).verdict).toBe('ok');
  });
});

describe('describeHealth', () => {
  const condition = (changes: Partial<EnginePoolStatus>) =>
    describeHealth(status(changes), { startedAt: new Date(0), uptimeSeconds: 1.9 }).status;

  it.each<[string, Partial<EnginePoolStatus>]>([
    ['loading', { started: false, models: [] }],
    ['ok', {}],
    ['degraded', { ready: 1 }],
    ['degraded', { models: [] }],
    ['error', { ready: 0 }],
  ])('is %s with %j', (expected, changes) => {
    expect(condition(changes)).toBe(expected);
  });
});

describe('describeCapabilities', () => {
  const facts = { tasks: [], streamsMax: 1, extraRoutes: [], usesGpu: true };

  it('asks for the GPU where models are to run on one, and says what a detector takes, in either layout', () => {
    const capabilities = describeCapabilities({ ...facts, status: status() });
    expect(capabilities.permissions.gpu).toBe(true);
    expect(capabilities.model).toMatchObject({ size_mb: 1.23, fingerprint: 'sha256:00' });
    expect(capabilities.detector).toMatchObject({ input: { width: 320, height: 240 }, accelerator: { backend: 'cuda', device: 'cuda:0' } });
    const nhwc = { ...detector, device: 'cpu', inputs: [{ name: 'in', type: 'uint8', dims: [1, 240, 320, 3] }] };
    expect(describeCapabilities({ ...facts, status: status({ models: [nhwc] }) }).detector).toMatchObject({
      input: { width: 320, height: 240 },
      accelerator: { backend: 'cpu' },
    });
  });

  it('leaves the detector out where the size of its input is not known', () => {
    for (const inputs of [
      undefined,
      [],
      [{ name: 'in', type: 'float32', dims: [1, 3, -1, -1] }],
      [{ name: 'in', type: 'float32', dims: [5] }],
    ])
      expect(describeCapabilities({ ...facts, status: status({ models: [{ ...detector, inputs }] }) }).detector).toBeUndefined();
  });
});
