import { setImmediate } from 'node:timers/promises';
import { AppError } from '@nightjar/runtime/app-error';
import { decodeBase64 } from '../../intake/base64-text.js';
import { bytesFromJson, hasManyDigits, jsonFromBytes, type Datatype } from './datatypes.js';
import { boundBytesElements, countElements, shorten, textsOf, type WireElements, type WireTensor } from './wire-tensor.js';

/** An input whose elements stand in the JSON of the request. */
interface JsonTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Flat, or nested as the shape is. */
  readonly data: unknown;
  /** Elements of BYTES are base64 instead of text. */
  readonly isBase64: boolean;
}

/**
 * Reads the elements of an input from JSON.
 * @param keepDigits finds the same `data` with all digits of its integers, as `parseKeepingDigits` gives them
 * @throws AppError `invalid_argument`
 */
export function elementsFromJson(input: JsonTensor, keepDigits: () => unknown): WireElements {
  const { name, datatype, shape, isBase64 } = input;
  let values = flatten(input, input.data);
  if (datatype === 'BYTES') {
    boundBytesElements(name, values.length);
    return { datatype, elements: values.map((value) => bytesOfText(name, value, isBase64)) };
  }
  if (hasManyDigits(datatype) && values.some((value) => typeof value === 'number' && !Number.isSafeInteger(value)))
    values = flatten(input, keepDigits());
  const bytes = bytesFromJson(datatype, values);
  if (!bytes)
    throw new AppError('invalid_argument', `input "${shorten(name)}": a value of its data is no ${datatype}, shape [${shape.join(', ')}]`);
  return { datatype, bytes };
}

/**
 * A JSON array of the elements, flat. Others are served while many are written.
 * @throws AppError `invalid_argument` when an element is no text
 */
export async function elementsToJson(tensor: WireTensor): Promise<string> {
  if (tensor.datatype === 'BYTES') return JSON.stringify(textsOf(tensor.name, tensor.elements));
  let json = '[';
  for (const piece of jsonFromBytes(tensor.datatype, tensor.bytes)) {
    if (json.length > 1) await setImmediate();
    json += piece;
  }
  return `${json}]`;
}

function flatten({ name, shape }: JsonTensor, data: unknown): readonly unknown[] {
  const count = countElements(name, shape);
  if (Array.isArray(data) && data.length === count && !data.some((value) => Array.isArray(value))) return data;
  const values: unknown[] = [];
  if (!collect(data, shape, values))
    throw new AppError(
      'invalid_argument',
      `input "${shorten(name)}": its data is neither ${count} values nor nested as [${shape.join(', ')}]`,
    );
  return values;
}

/** Collects values that are nested exactly as the shape is, which also bounds the depth. */
function collect(data: unknown, [size, ...inner]: readonly number[], values: unknown[]): boolean {
  if (size === undefined || !Array.isArray(data) || data.length !== size) return false;
  if (inner.length > 0) return data.every((part) => collect(part, inner, values));
  if (data.some((value) => Array.isArray(value))) return false;
  for (const value of data) values.push(value);
  return true;
}

function bytesOfText(name: string, value: unknown, isBase64: boolean): Uint8Array {
  if (typeof value !== 'string') throw new AppError('invalid_argument', `input "${shorten(name)}": elements of BYTES are strings in JSON`);
  return isBase64 ? decodeBase64(value) : Buffer.from(value, 'utf8');
}
