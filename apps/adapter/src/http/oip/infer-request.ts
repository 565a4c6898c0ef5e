import { isUtf8 } from 'node:buffer';
import { AppError } from '@nightjar/runtime/app-error';
import { checkJsonShape } from '@nightjar/runtime/json-shape';
import { z } from 'zod';
import { tensorJsonShape } from '../body-limits.js';
import { parseKeepingDigits } from './big-integers.js';
import { datatypeNames, isDatatype, type Datatype } from './datatypes.js';
import { elementsFromJson } from './json-tensor.js';
import { dimensionsMax, elementsFromBinary, shorten, type WireTensor } from './wire-tensor.js';

const tensorsMax = 64;
const parametersMax = 64;
/** So much JSON is read in some milliseconds; more would keep other callers waiting. */
export const smallJsonBytes = 1024 * 1024;

/** Values are checked by whoever knows the parameter. */
export type Parameters = Readonly<Record<string, unknown>>;

export interface RequestedOutput {
  readonly name: string;
  readonly parameters: Parameters;
}

/** A request for inference as the protocol has it; whether the model can do it is not known yet. */
export interface OipRequest {
  readonly id: string | undefined;
  readonly parameters: Parameters;
  readonly inputs: readonly WireTensor[];
  /** Undefined: all. */
  readonly outputs: readonly RequestedOutput[] | undefined;
}

// Each refuses as a whole: one issue, however long the caller made it.
const ShapeField = z.custom<number[]>(
  (value) => Array.isArray(value) && value.length <= dimensionsMax && value.every((size) => Number.isSafeInteger(size) && size >= 0),
  `not a list of at most ${dimensionsMax} sizes`,
);
const ParametersField = z.custom<Parameters>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length <= parametersMax,
  `not an object of at most ${parametersMax} parameters`,
);
const Name = z.string().min(1).max(256);

const listOf = <Item extends z.ZodType>(item: Item) =>
  z
    .custom<unknown[]>((value) => Array.isArray(value) && value.length <= tensorsMax, `not a list of at most ${tensorsMax}`)
    .pipe(z.array(item));

const InputField = z.object({
  name: Name,
  shape: ShapeField,
  datatype: z.custom<Datatype>((value) => typeof value === 'string' && isDatatype(value), `not one of ${datatypeNames.join(', ')}`),
  parameters: ParametersField.nullish(),
  data: z.unknown().optional(),
});
type InputField = z.infer<typeof InputField>;

const RequestFields = z.object({
  id: z.string().max(1_024).nullish(),
  parameters: ParametersField.nullish(),
  inputs: listOf(InputField),
  outputs: listOf(z.object({ name: Name, parameters: ParametersField.nullish() })).nullish(),
});

/**
 * Reads the body of a request: JSON, or JSON followed by the binary data of its inputs.
 * @param headerBytes how much of the body is JSON; undefined: all of it
 * @throws AppError `invalid_argument`
 */
export function readOipRequest(body: Uint8Array, headerBytes: number | undefined): OipRequest {
  if (headerBytes !== undefined && headerBytes > body.length) {
    throw new AppError('invalid_argument', `Inference-Header-Content-Length is ${headerBytes}, the body has ${body.length} bytes`);
  }
  const header = body.subarray(0, headerBytes ?? body.length);
  const text = textOf(header);
  const fields = parseFields(parseJson(text));
  const binary = headerBytes === undefined ? undefined : new BinaryData(body.subarray(headerBytes));
  let withDigits: unknown;
  const inputs = fields.inputs.map((input, index) =>
    readInput(input, binary, () => {
      withDigits ??= parseKeepingDigits(text);
      return (withDigits as { inputs: { data: unknown }[] }).inputs[index]?.data;
    }),
  );
  binary?.expectEnd();
  const twice = inputs.find(({ name }, index) => inputs.findIndex((other) => other.name === name) !== index);
  if (twice) throw new AppError('invalid_argument', `input "${shorten(twice.name)}" is there twice`);
  return {
    id: fields.id ?? undefined,
    parameters: fields.parameters ?? {},
    inputs,
    outputs: fields.outputs?.map(({ name, parameters }) => ({ name, parameters: parameters ?? {} })),
  };
}

/** Parses a small body of JSON; an empty one is an empty object. @throws AppError `invalid_argument`, `payload_too_large` */
export function readJsonBody(body: Uint8Array): unknown {
  if (body.length > smallJsonBytes) throw new AppError('payload_too_large', `the body has more than ${smallJsonBytes} bytes`);
  return body.length === 0 ? {} : parseJson(textOf(body));
}

/** The value of the header `Inference-Header-Content-Length`. @throws AppError `invalid_argument` when it is no length */
export function readHeaderBytes(value: string | string[] | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || !/^\d{1,10}$/.test(value))
    throw new AppError('invalid_argument', 'Inference-Header-Content-Length is no length');
  return Number(value);
}

function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkJsonShape(buffer, tensorJsonShape);
  if (!isUtf8(buffer)) throw new AppError('invalid_argument', 'the JSON of the request is not UTF-8');
  return buffer.toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('invalid_argument', 'the request is no JSON', { cause });
  }
}

function parseFields(body: unknown): z.infer<typeof RequestFields> {
  const read = RequestFields.safeParse(body);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new AppError(
    'invalid_argument',
    `the request is not as the protocol has it: ${issue?.path.join('.') || 'body'}: ${issue?.message}`,
  );
}

function readInput(
  { name, shape, datatype, data, ...rest }: InputField,
  binary: BinaryData | undefined,
  keepDigits: () => unknown,
): WireTensor {
  const parameters = rest.parameters ?? {};
  const refuse = (reason: string) => new AppError('invalid_argument', `input "${shorten(name)}": ${reason}`);
  const { binary_data_size: sizeBytes, shared_memory_region: region, content_type: contentType } = parameters;
  if (region !== undefined) throw refuse('shared memory is not supported');
  const isAbsent = data === undefined || data === null;
  if (sizeBytes === undefined) {
    if (isAbsent) throw refuse('it has neither data nor binary_data_size');
    const input = { name, shape, datatype, data, isBase64: contentType === 'base64' };
    return { name, shape, ...elementsFromJson(input, keepDigits) };
  }
  if (!isAbsent) throw refuse('it has both data and binary_data_size');
  if (!binary) throw refuse('it has binary_data_size, but there is no header Inference-Header-Content-Length');
  if (!Number.isSafeInteger(sizeBytes) || (sizeBytes as number) < 0) throw refuse('binary_data_size is no size');
  return { name, shape, ...elementsFromBinary({ name, datatype, shape }, binary.take(sizeBytes as number, refuse)) };
}

/** What follows the JSON: the inputs' data one after the other. */
class BinaryData {
  private offset = 0;

  constructor(private readonly bytes: Uint8Array) {}

  take(sizeBytes: number, refuse: (reason: string) => AppError): Uint8Array {
    const left = this.bytes.length - this.offset;
    if (sizeBytes > left) throw refuse(`binary_data_size is ${sizeBytes}, but only ${left} bytes follow`);
    this.offset += sizeBytes;
    return this.bytes.subarray(this.offset - sizeBytes, this.offset);
  }

  expectEnd(): void {
    const left = this.bytes.length - this.offset;
    if (left > 0) throw new AppError('invalid_argument', `${left} bytes follow that belong to no input`);
  }
}
