import { AppError } from '@nightjar/runtime';
import { Base64Text, decodeBase64 } from '../../intake/base64-text.js';
import type { Files } from '../bodies/multipart-form.js';
import { isJsonObject, type InferBody } from '../infer-body.js';

/** A request of Contract v1, however it was sent. */
export interface ContractRequest {
  readonly params: Readonly<Record<string, unknown>>;
  readonly files: Files;
}

const base64Suffix = '_b64';
/** Names that mean the file itself to other implementations: a parameter must not be called so. */
const reservedNames = ['__file__', 'file_b64'];
const base64Names = ['frame_b64', 'audio_b64', 'data_b64'];
/** What only requests without any file have: a conversation, a text to speak, detections to track. */
const textShapeNames = ['text', 'messages', 'prompt', 'detections'];
/** Files of the shapes that this adapter does not take. */
const otherShapes = ['audio', 'data'];
const filesMax = 2;

/** Whether a JSON body can only be one of Contract v1: it holds a file in base64. */
export function holdsBase64(body: unknown): boolean {
  return isJsonObject(body) && Object.keys(body).some((name) => name.endsWith(base64Suffix));
}

/**
 * Reads a body as the contract has it: a file `frame` with `params`, or JSON with `frame_b64` and parameters beside it.
 * @throws AppError `invalid_argument`, or `not_implemented` for a request without a picture that means something else
 */
export async function readContractRequest(body: InferBody): Promise<ContractRequest> {
  const request = body.type === 'json' ? await readJson(body.body) : readParts(body);
  const reserved = [...reservedNames, ...(body.type === 'multipart' ? base64Names : [])].find((name) =>
    Object.hasOwn(request.params, name),
  );
  if (reserved !== undefined) throw new AppError('invalid_argument', `'${reserved}' is a reserved name`);
  refuseOtherShapes(request);
  // Some clients write what they do not set as null.
  const params = Object.entries(request.params).filter(([, value]) => value !== null);
  return { ...request, params: Object.fromEntries(params) };
}

async function readJson(body: unknown): Promise<ContractRequest> {
  if (!isJsonObject(body)) throw new AppError('invalid_argument', 'the body must be a JSON object');
  const files = new Map<string, Uint8Array>();
  const params: [string, unknown][] = [];
  for (const [name, value] of Object.entries(body)) {
    if (!name.endsWith(base64Suffix) || reservedNames.includes(name)) params.push([name, value]);
    else if (typeof value === 'string' || value instanceof Base64Text)
      files.set(name.slice(0, -base64Suffix.length), await decodeFile(name, value));
    // Absent, as some clients write it.
    else if (value !== null) throw new AppError('invalid_argument', `'${name}' must be base64 text`);
    if (files.size > filesMax) throw new AppError('invalid_argument', `at most ${filesMax} files are taken`);
  }
  return { params: Object.fromEntries(params), files };
}

async function decodeFile(name: string, text: string | Base64Text): Promise<Uint8Array> {
  try {
    return typeof text === 'string' ? decodeBase64(text) : await text.decode();
  } catch (cause) {
    throw new AppError('invalid_argument', `'${name}' is not base64`, { cause });
  }
}

/** `params` is a part of type JSON, or text, or a file of either; other text fields are parameters too. */
function readParts({ fields, files }: InferBody & { type: 'multipart' }): ContractRequest {
  const { params: given, ...others } = Object.fromEntries(fields);
  const pictures = new Map(files);
  const file = pictures.get('params');
  pictures.delete('params');
  const params = parseParams(given ?? (file && Buffer.from(file).toString('utf8')));
  return { params: { ...others, ...params }, files: pictures };
}

function parseParams(given: unknown): Readonly<Record<string, unknown>> {
  if (given === undefined || given === '') return {};
  const params = typeof given === 'string' ? parseJson(given) : given;
  if (!isJsonObject(params)) throw new AppError('invalid_argument', "'params' must be a JSON object");
  return params;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new AppError('invalid_argument', "'params' is not JSON", { cause });
  }
}

function refuseOtherShapes({ params, files }: ContractRequest): void {
  const shape =
    files.size > 0
      ? [...files.keys()].every((name) => otherShapes.includes(name)) && [...files.keys()][0]
      : textShapeNames.find((name) => Object.hasOwn(params, name));
  if (shape) throw new AppError('not_implemented', `requests with '${shape}' are not supported: this adapter takes pictures as 'frame'`);
}
