import { createRequire } from 'node:module';
import { AppError } from '@nightjar/runtime/app-error';

/*
 * The part of TensorFlow.js that is used here, as it is in every one of its packages.
 */

export interface TensorflowTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  data(): Promise<Float32Array | Int32Array | Uint8Array>;
  dispose(): void;
}

export interface TensorflowModel {
  readonly inputs: readonly { readonly name: string; readonly dtype: string; readonly shape?: readonly number[] | undefined }[];
  readonly outputs: readonly { readonly name: string; readonly dtype: string; readonly shape?: readonly number[] | undefined }[];
  /** @throws Error that names `executeAsync` when the graph has control flow */
  execute(inputs: Record<string, TensorflowTensor>, outputs: string[]): TensorflowTensor | TensorflowTensor[];
  executeAsync(inputs: Record<string, TensorflowTensor>, outputs: string[]): Promise<TensorflowTensor | TensorflowTensor[]>;
  dispose(): void;
}

/** A graph model in memory, as the library's own readers give it. */
export interface GraphArtifacts {
  readonly modelTopology: object;
  readonly format: 'graph-model';
  readonly weightSpecs: readonly object[];
  readonly weightData: ArrayBuffer;
  readonly signature?: object | undefined;
  readonly userDefinedMetadata?: object | undefined;
}

export interface Tensorflow {
  loadGraphModel(source: { load(): Promise<GraphArtifacts> }): Promise<TensorflowModel>;
  tensor(data: Float32Array | Int32Array, shape: number[], dtype: 'float32' | 'int32'): TensorflowTensor;
}

/** A TensorFlow.js that runs here, and what it runs on. */
export interface TensorflowRuntime {
  readonly tensorflow: Tensorflow;
  readonly device: string;
}

const packages = [
  { name: '@tensorflow/tfjs-node-gpu', device: 'cuda' },
  { name: '@tensorflow/tfjs-node', device: 'cpu' },
] as const;

/** How to get one; undefined where one is installed. */
export function missingTensorflow(): string | undefined {
  if (packages.some(({ name }) => isInstalled(name))) return undefined;
  return `models of format "tensorflow" need the package ${packages.map(({ name }) => name).join(' or ')}: npm install ${packages[1].name}`;
}

/**
 * The TensorFlow.js that the operator installed: the GPU's before the CPU's. Neither comes with the adapter, since their
 * installation downloads a binary of several hundred megabytes.
 * @throws AppError `unavailable` that says how to install one, or that the one that is there does not work
 */
export async function installedTensorflow(): Promise<TensorflowRuntime> {
  const missing = missingTensorflow();
  if (missing !== undefined) throw new AppError('unavailable', missing);
  const failures: string[] = [];
  for (const { name, device } of packages) {
    if (!isInstalled(name)) continue;
    try {
      return { tensorflow: (await import(name)) as Tensorflow, device };
    } catch {
      failures.push(name);
    }
  }
  throw new AppError('unavailable', `${failures.join(' and ')} cannot be loaded: its binary is missing or belongs to another system`);
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}
