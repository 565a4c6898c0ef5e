import { describe, expect, it } from '@jest/globals';
import { describeOnnxError, mayPass } from './onnx-errors.js';

describe('what the runtime says, for people', () => {
  it.each([
    ['its library, or one that it needs', 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library'],
    ['the file is no ONNX model', 'Load model from /srv/models/doors/model.onnx failed:Protobuf parsing failed.'],
    [
      'CUDA failure 100: no CUDA-capable device is detected',
      '/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 std::conditional_t<THRW, void> onnxruntime::CudaCall() CUDA failure 100: no CUDA-capable device is detected ; GPU=-1 ; hostname=camera-node ; file=/onnxruntime_src/x.cc ; line=352',
    ],
    [
      'the cuDNN library is not installed',
      "Non-zero status code returned while running Conv node. Name:'node_Conv__19' Status Message: cuDNN is unavailable or disabled",
    ],
    ['the GPU has not enough memory left', 'CUDA failure 2: out of memory ; GPU=0 ; hostname=camera-node'],
    [
      'the GPU has not enough memory left',
      "Non-zero status code returned while running Conv node. Name:'node_Conv__2' Status Message: CUDA error cudaErrorMemoryAllocation:out of memory",
    ],
    ['there is not enough memory', 'bfc_arena.cc:360 Failed to allocate memory for requested buffer of size 132907008'],
  ])('%s', (expected, message) => {
    const described = describeOnnxError(new Error(message));
    expect(described).toContain(expected);
    expect(described).not.toMatch(/hostname|\/onnxruntime_src|\/srv/);
  });

  it('keeps the rest in one short line without paths', () => {
    const described = describeOnnxError(
      new Error(`This is an invalid model. In Node, ("node"\n at /home/me/models/a.onnx:12 ${'x'.repeat(1000)}`),
    );
    expect(described).toMatch(/^This is an invalid model\. In Node, \("node" at … x+$/);
    expect(described.length).toBeLessThanOrEqual(300);
    expect(describeOnnxError(undefined)).toBe('unknown failure');
  });
});

describe('mayPass', () => {
  it.each([
    ['the GPU has not enough memory left', true],
    ['CUDA failure 46: all CUDA-capable devices are busy or unavailable', true],
    ['there is not enough memory', true],
    ['its library, or one that it needs (CUDA, cuDNN, TensorRT), is not installed', false],
    ['the file is no ONNX model, or is damaged', false],
  ])('%s: %s', (reason, expected) => expect(mayPass(reason)).toBe(expected));
});
