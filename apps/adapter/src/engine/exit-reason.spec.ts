import { describe, expect, it } from '@jest/globals';
import { reasonOf, tellsOutOfMemory, type ExitClues, type ExitReason, type ProcessExit } from './exit-reason.js';

const noClues: ExitClues = { hung: false, startFailed: false, saidOutOfMemory: false, kernelRanOut: false };

describe('reasonOf', () => {
  it.each<[string, ProcessExit, Partial<ExitClues>, ExitReason]>([
    ['an exit by itself', { code: 1, signal: null }, {}, 'crashed'],
    ['an exit with 0, which nobody asked for', { code: 0, signal: null }, {}, 'crashed'],
    ['a bad memory access', { code: null, signal: 'SIGSEGV' }, {}, 'crashed'],
    ['a failed assertion', { code: null, signal: 'SIGABRT' }, {}, 'crashed'],
    ['a heap that is full', { code: null, signal: 'SIGABRT' }, { saidOutOfMemory: true }, 'out of memory'],
    ['the kernel out of memory', { code: null, signal: 'SIGKILL' }, { kernelRanOut: true }, 'out of memory'],
    ['a crash while the kernel killed others', { code: null, signal: 'SIGSEGV' }, { kernelRanOut: true }, 'crashed'],
    ['somebody', { code: null, signal: 'SIGKILL' }, {}, 'killed'],
    ['a polite somebody', { code: null, signal: 'SIGTERM' }, {}, 'killed'],
    ['us, for hanging', { code: null, signal: 'SIGKILL' }, { hung: true, kernelRanOut: true }, 'hung'],
    ['its own word that it cannot start', { code: 1, signal: null }, { startFailed: true }, 'could not start'],
  ])('tells %s', (_name, exit, clues, reason) => {
    expect(reasonOf(exit, { ...noClues, ...clues })).toBe(reason);
  });
});

describe('tellsOutOfMemory', () => {
  it('knows the last words of V8, C++ and CUDA', () => {
    for (const words of [
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      "terminate called after throwing an instance of 'std::bad_alloc'",
      'CUDA failure 2: out of memory',
    ])
      expect(tellsOutOfMemory(words)).toBe(true);
    expect(tellsOutOfMemory('[W:onnxruntime] some warning')).toBe(false);
  });
});
