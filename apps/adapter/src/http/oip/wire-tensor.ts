import { isUtf8 } from 'node:buffer';
import { AppError } from '@nightjar/runtime/app-error';
import { elementBytes, type FixedDatatype } from './datatypes.js';

/** Elements of a tensor, row-major: little-endian bytes, or one entry for each element whose length is its own. */
export type WireElements =
  | { readonly datatype: FixedDatatype; readonly bytes: Uint8Array }
  | { readonly datatype: 'BYTES'; readonly elements: readonly Uint8Array[] };

/** A tensor as it comes and goes. Its elements are as many as its shape says. */
export type WireTensor = { readonly name: string; readonly shape: readonly number[] } & WireElements;

export const dimensionsMax = 16;
/** Each is an object of its own here. */
const bytesElementsMax = 2 ** 16;
const lengthBytes = 4;

/**
 * How many elements a shape means; nothing is reserved for them.
 * @throws AppError `invalid_argument` when they are more than can be counted
 */
export function countElements(name: string, shape: readonly number[]): number {
  const count = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  if (!Number.isSafeInteger(count)) throw new AppError('invalid_argument', `input "${shorten(name)}": its shape has too many elements`);
  return count;
}

/** Bytes that the elements take as binary data. */
export function binarySize(tensor: WireElements): number {
  if (tensor.datatype !== 'BYTES') return tensor.bytes.length;
  return tensor.elements.reduce((sum, { length }) => sum + lengthBytes + length, 0);
}

/**
 * Reads the binary data of an input.
 * @param bytes all of it, and nothing else
 * @throws AppError `invalid_argument` when it is not what shape and datatype say
 */
export function elementsFromBinary(
  { name, datatype, shape }: Pick<WireTensor, 'name' | 'datatype' | 'shape'>,
  bytes: Uint8Array,
): WireElements {
  const count = countElements(name, shape);
  if (datatype === 'BYTES') return { datatype, elements: splitElements(name, count, bytes) };
  const expected = count * elementBytes(datatype);
  if (bytes.length !== expected) {
    throw new AppError(
      'invalid_argument',
      `input "${shorten(name)}": ${datatype} of shape [${shape.join(', ')}] takes ${expected} bytes, not ${bytes.length}`,
    );
  }
  return { datatype, bytes };
}

/** The binary data of a tensor, in pieces. */
export function binaryOf(tensor: WireElements): Uint8Array[] {
  if (tensor.datatype !== 'BYTES') return [tensor.bytes];
  return tensor.elements.flatMap((element) => {
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32LE(element.length);
    return [length, element];
  });
}

/** @throws AppError `invalid_argument` when an element is no text */
export function textsOf(name: string, elements: readonly Uint8Array[]): string[] {
  return elements.map((element) => {
    if (!isUtf8(element))
      throw new AppError('invalid_argument', `"${shorten(name)}" holds bytes that are no text, which JSON cannot hold: use binary data`);
    return Buffer.from(element.buffer, element.byteOffset, element.byteLength).toString('utf8');
  });
}

/** For messages: names are the caller's. */
export function shorten(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}…` : name;
}

/** @throws AppError `invalid_argument` */
export function boundBytesElements(name: string, count: number): void {
  if (count > bytesElementsMax)
    throw new AppError('invalid_argument', `input "${shorten(name)}": more than ${bytesElementsMax} elements of BYTES`);
}

function splitElements(name: string, count: number, bytes: Uint8Array): Uint8Array[] {
  boundBytesElements(name, count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const elements: Uint8Array[] = [];
  let offset = 0;
  for (let index = 0; index < count; index++) {
    const start = offset + lengthBytes;
    const end = start <= bytes.length ? start + view.getUint32(offset, true) : Infinity;
    if (end > bytes.length)
      throw new AppError('invalid_argument', `input "${shorten(name)}": its data ends in the middle of element ${index}`);
    elements.push(bytes.subarray(start, end));
    offset = end;
  }
  if (offset < bytes.length)
    throw new AppError(
      'invalid_argument',
      `input "${shorten(name)}": ${bytes.length - offset} bytes are left over after its ${count} elements`,
    );
  return elements;
}
