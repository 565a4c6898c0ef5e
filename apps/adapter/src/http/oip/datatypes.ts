import type { TensorType } from '../../backends/tensor.js';
import { fromFloat16Bits, toFloat16Bits } from '../../backends/float16.js';
import { bigIntegerOf } from './big-integers.js';

/** Arrays that elements of one size are read and written in. */
type Elements =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

interface ElementsConstructor {
  new (length: number): Elements;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Elements;
  readonly BYTES_PER_ELEMENT: number;
}

/** What is special about a datatype whose elements all have one size. */
interface FixedRules {
  readonly array: ElementsConstructor;
  /** What engine processes call it; undefined: no model takes it. */
  readonly tensorType: TensorType | undefined;
  /** The element that a value of a JSON array stands for; undefined: none. */
  readonly fromJson: (value: unknown) => number | bigint | undefined;
  /** Elements as they stand in a JSON array. */
  readonly toJson: (elements: never) => string;
}

function integers(array: ElementsConstructor, tensorType: TensorType, min: number, max: number): FixedRules {
  const fits = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
  return { array, tensorType, fromJson: (value) => (fits(value) ? value : undefined), toJson: writeNumbers };
}

function bigIntegers(array: ElementsConstructor, tensorType: TensorType, min: bigint, max: bigint): FixedRules {
  const fromJson = (value: unknown) => {
    const integer = bigIntegerOf(value);
    return integer !== undefined && integer >= min && integer <= max ? integer : undefined;
  };
  return { array, tensorType, fromJson, toJson: writeNumbers };
}

/**
 * @param max beyond it a number would become infinite
 * @param fromBits numbers of elements that the machine has no arrays for
 */
function floats(
  array: ElementsConstructor,
  { tensorType, max, toBits = (value) => value }: { tensorType: TensorType | undefined; max: number; toBits?: (value: number) => number },
  fromBits?: (elements: Uint16Array) => Float32Array,
): FixedRules {
  const fromJson = (value: unknown) => {
    if (value === null) return toBits(Number.NaN);
    return typeof value === 'number' && Math.abs(value) <= max ? toBits(value) : undefined;
  };
  const toJson = (elements: Float32Array | Float64Array | Uint16Array) =>
    writeFloats(fromBits ? fromBits(elements as Uint16Array) : (elements as Float32Array | Float64Array));
  return { array, tensorType, fromJson, toJson };
}

/** Not JSON.stringify: it knows no integers of 64 bits. */
function writeNumbers(elements: Elements): string {
  return elements.join(',');
}

/** JSON has no word for what is no number or infinite: null. */
function writeFloats(elements: Float32Array | Float64Array): string {
  // Looking first is cheap, and the native way is twice as fast.
  if (elements.every(Number.isFinite)) return writeNumbers(elements);
  return Array.from(elements, (element) => (Number.isFinite(element) ? String(element) : 'null')).join(',');
}

const fixedDatatypes = {
  BOOL: {
    array: Uint8Array,
    tensorType: 'bool',
    fromJson: (value: unknown) => (typeof value === 'boolean' ? Number(value) : undefined),
    toJson: (elements: Uint8Array) => Array.from(elements, (element) => element !== 0).join(','),
  },
  UINT8: integers(Uint8Array, 'uint8', 0, 2 ** 8 - 1),
  UINT16: integers(Uint16Array, 'uint16', 0, 2 ** 16 - 1),
  UINT32: integers(Uint32Array, 'uint32', 0, 2 ** 32 - 1),
  UINT64: bigIntegers(BigUint64Array, 'uint64', 0n, 2n ** 64n - 1n),
  INT8: integers(Int8Array, 'int8', -(2 ** 7), 2 ** 7 - 1),
  INT16: integers(Int16Array, 'int16', -(2 ** 15), 2 ** 15 - 1),
  INT32: integers(Int32Array, 'int32', -(2 ** 31), 2 ** 31 - 1),
  INT64: bigIntegers(BigInt64Array, 'int64', -(2n ** 63n), 2n ** 63n - 1n),
  FP16: floats(Uint16Array, { tensorType: 'float16', max: 65_504, toBits: toFloat16Bits }, fromFloat16Bits),
  BF16: floats(Uint16Array, { tensorType: undefined, max: 3.3895313892515355e38, toBits: toBfloat16Bits }, fromBfloat16Bits),
  FP32: floats(Float32Array, { tensorType: 'float32', max: 3.4028234663852886e38 }),
  FP64: floats(Float64Array, { tensorType: 'float64', max: Number.MAX_VALUE }),
} satisfies Record<string, FixedRules>;

export type FixedDatatype = keyof typeof fixedDatatypes;
/** As the protocol names them. `BYTES`: each element has a length of its own. */
export type Datatype = FixedDatatype | 'BYTES';

const rulesOf: Readonly<Record<FixedDatatype, FixedRules>> = fixedDatatypes;

/** Names of all datatypes, for messages. */
export const datatypeNames: readonly Datatype[] = [...(Object.keys(fixedDatatypes) as FixedDatatype[]), 'BYTES'];

export function isDatatype(name: string): name is Datatype {
  return (datatypeNames as readonly string[]).includes(name);
}

/** Bytes of one element. */
export function elementBytes(datatype: FixedDatatype): number {
  return rulesOf[datatype].array.BYTES_PER_ELEMENT;
}

/** Whether JSON.parse may have lost digits of its elements. */
export function hasManyDigits(datatype: Datatype): boolean {
  return datatype === 'INT64' || datatype === 'UINT64';
}

/** What engine processes call a datatype; undefined: no model takes it. */
export function tensorTypeOf(datatype: Datatype): TensorType | undefined {
  return datatype === 'BYTES' ? 'string' : rulesOf[datatype].tensorType;
}

/** What the protocol calls an element type of engine processes. */
export function datatypeOf(type: string): Datatype | undefined {
  return datatypeNames.find((datatype) => tensorTypeOf(datatype) === type);
}

/** The bytes of a tensor as an array of its elements: a view where they lie right for it, else a copy. The machine is little-endian. */
export function elementsOf(datatype: FixedDatatype, bytes: Uint8Array): Elements {
  const { array } = rulesOf[datatype];
  const size = array.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return new array(aligned.buffer, aligned.byteOffset, aligned.byteLength / size);
}

/** @returns the elements' bytes; undefined when a value is none of the datatype */
export function bytesFromJson(datatype: FixedDatatype, values: readonly unknown[]): Uint8Array | undefined {
  const { array, fromJson } = rulesOf[datatype];
  const elements = new array(values.length);
  for (let index = 0; index < values.length; index++) {
    const element = fromJson(values[index]);
    if (element === undefined) return undefined;
    elements[index] = element;
  }
  return new Uint8Array(elements.buffer);
}

/** So many elements are written in some milliseconds. */
const elementsOfPiece = 32_768;

/** The elements as they stand in a JSON array, in pieces: who writes many lets others in between. */
export function* jsonFromBytes(datatype: FixedDatatype, bytes: Uint8Array): Generator<string> {
  const elements = elementsOf(datatype, bytes);
  const { toJson } = rulesOf[datatype];
  for (let start = 0; start < elements.length; start += elementsOfPiece) {
    const piece = toJson(elements.subarray(start, start + elementsOfPiece) as never);
    yield start === 0 ? piece : `,${piece}`;
  }
}

const scratch = new DataView(new ArrayBuffer(4));

/** The upper half of a 32-bit float, rounded to nearest, ties to even. */
function toBfloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  scratch.setFloat32(0, value);
  const bits = scratch.getUint32(0);
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

function fromBfloat16Bits(elements: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(elements, (bits) => bits << 16).buffer);
}
