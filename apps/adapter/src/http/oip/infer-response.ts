import { AppError } from '@nightjar/runtime';
import { tensorJsonShape } from '../body-limits.js';
import { elementsToJson } from './json-tensor.js';
import type { SelectedOutput } from './model-signature.js';
import { binaryOf, binarySize, countElements, type WireTensor } from './wire-tensor.js';

export interface OipAnswer {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string | undefined;
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  /** At least those that were selected. */
  readonly outputs: readonly WireTensor[];
}

/** A body, and how much of it is JSON where binary data follows. */
export interface EncodedAnswer {
  readonly body: string | Buffer;
  readonly headerBytes: number | undefined;
}

/**
 * Writes an answer: JSON, or JSON followed by the binary data of the outputs that are to be binary.
 * @throws AppError `invalid_argument` when an output cannot be written in JSON
 */
export async function encodeAnswer(answer: OipAnswer, selected: readonly SelectedOutput[]): Promise<EncodedAnswer> {
  const outputs = selected.map(({ name, isBinary }) => {
    const tensor = answer.outputs.find((output) => output.name === name);
    if (!tensor) throw new Error(`the model gave no output "${name}"`);
    return { tensor, isBinary };
  });
  const written: string[] = [];
  for (const { tensor, isBinary } of outputs) written.push(await writeOutput(tensor, isBinary));
  const header = writeHeader(answer, written);
  const binary = outputs.filter(({ isBinary }) => isBinary);
  if (binary.length === 0) return { body: header, headerBytes: undefined };
  const headerBytes = Buffer.byteLength(header);
  return { body: Buffer.concat([Buffer.from(header), ...binary.flatMap(({ tensor }) => binaryOf(tensor))]), headerBytes };
}

/** By hand: the elements are JSON already, since JSON.stringify knows no integers of 64 bits. */
function writeHeader({ modelName, modelVersion, id, parameters }: OipAnswer, outputs: readonly string[]): string {
  const fields = JSON.stringify({ model_name: modelName, model_version: modelVersion, id, parameters });
  return `${fields.slice(0, -1)},"outputs":[${outputs.join(',')}]}`;
}

async function writeOutput(tensor: WireTensor, isBinary: boolean): Promise<string> {
  const { name, datatype, shape } = tensor;
  if (isBinary) return JSON.stringify({ name, datatype, shape, parameters: { binary_data_size: binarySize(tensor) } });
  if (countElements(name, shape) > tensorJsonShape.commas)
    throw new AppError('invalid_argument', `output "${name}" is too large for JSON: ask for it with binary_data`);
  return `${JSON.stringify({ name, datatype, shape }).slice(0, -1)},"data":${await elementsToJson(tensor)}}`;
}
