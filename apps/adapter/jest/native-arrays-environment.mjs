import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest runs specs in a context with globals of its own, so a Float32Array that a native addon makes is no `Float32Array`
 * there, and onnxruntime refuses its own outputs. Here typed arrays are those of the process.
 */
export default class NativeArraysEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, { ArrayBuffer, Float32Array, Int32Array, BigInt64Array, Uint8Array, Uint16Array, Int8Array });
  }
}
