import { AppError } from '@nightjar/runtime';

/** Bytes of a request by the name of the field that they came in. */
export type Files = ReadonlyMap<string, Uint8Array>;

export interface MultipartForm {
  /** Fields are text; a field that was sent as JSON is what it means. Empty ones are left out. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly files: Files;
}

const partsMax = 20;
const fieldsMax = 16;
const filesMax = 2;
const fieldMaxBytes = 64 * 1024;
const headMaxBytes = 16 * 1024;
/** What is searched at a time; other callers are served in between. */
const searchBytes = 1024 * 1024;

const lineEnd = '\r\n';
const headEnd = Buffer.from('\r\n\r\n');
const boundaryInType = /^multipart\/form-data *;(?:.*;)? *boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i;
const parameter = /; *([^=;\s]+) *= *(?:"((?:\\.|[^"\\])*)"|([^;]*))/g;

/** What stands above the content of a part. */
interface PartHead {
  readonly name: string;
  readonly isFile: boolean;
  readonly isJson: boolean;
  readonly charset: string;
}

/**
 * Reads a form (RFC 7578) that has arrived whole. Files are views of the body: nothing is copied. Nested forms and transfer
 * encodings are not known, as in browsers.
 * @throws AppError `invalid_argument` when it is damaged, `payload_too_large` when it has too many parts or too long a text
 */
export async function readMultipartForm(body: Buffer, contentType: string | undefined): Promise<MultipartForm> {
  const [, quoted, plain] = boundaryInType.exec(contentType ?? '') ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw damaged('it names no boundary');
  const fields = new Map<string, unknown>();
  const files = new Map<string, Uint8Array>();
  const counts = { parts: 0, fields: 0, files: 0 };
  for await (const { head, content } of partsOf(body, boundary)) {
    if (++counts.parts > partsMax) throw tooMany('parts', partsMax);
    if (!head) continue;
    if (head.isFile) {
      if (++counts.files > filesMax) throw tooMany('files', filesMax);
      files.set(head.name, content);
      continue;
    }
    if (++counts.fields > fieldsMax) throw tooMany('fields', fieldsMax);
    const value = readField(head, content);
    if (value !== '') fields.set(head.name, value);
  }
  return { fields, files };
}

/** Parts one after the other; those that are no fields of a form have no head. */
async function* partsOf(body: Buffer, boundary: string): AsyncGenerator<{ head: PartHead | undefined; content: Buffer }> {
  const delimiter = Buffer.from(`${lineEnd}--${boundary}`, 'latin1');
  // The first one needs no line before it.
  const first = delimiter.subarray(lineEnd.length);
  let at = body.subarray(0, first.length).equals(first) ? first.length : (await search(body, delimiter, 0)) + delimiter.length;
  for (;;) {
    if (body.toString('latin1', at, at + 2) === '--') return;
    while (body[at] === 0x20 || body[at] === 0x09) at++;
    if (body.toString('latin1', at, at + lineEnd.length) !== lineEnd) throw damaged('a boundary is not followed by a line end');
    const headStart = at + lineEnd.length;
    // A part without any header has the empty line right away.
    const headStop = body.subarray(at, at + headMaxBytes).indexOf(headEnd);
    if (headStop === -1) throw damaged('the head of a part has no end');
    const head = readHead(body.toString('utf8', headStart, Math.max(headStart, at + headStop)));
    const contentStart = at + headStop + headEnd.length;
    const end = await search(body, delimiter, contentStart - lineEnd.length);
    yield { head, content: body.subarray(contentStart, Math.max(contentStart, end)) };
    at = end + delimiter.length;
  }
}

/** @throws AppError `invalid_argument` when it is not found */
async function search(body: Buffer, wanted: Buffer, from: number): Promise<number> {
  for (let start = from; start < body.length; start += searchBytes) {
    if (start > from) await new Promise((resolve) => setImmediate(resolve));
    const found = body.subarray(start, start + searchBytes + wanted.length).indexOf(wanted);
    if (found !== -1) return start + found;
  }
  throw damaged('it ends within a part');
}

function readHead(text: string): PartHead | undefined {
  const headers = new Map<string, string>();
  // A line that begins with a blank goes on with the one before (RFC 822).
  for (const line of text.replace(/\r\n[ \t]+/g, ' ').split(lineEnd)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim());
  }
  const disposition = headers.get('content-disposition') ?? '';
  if (!/^form-data *(;|$)/i.test(disposition)) return undefined;
  const parameters = parametersOf(disposition);
  const name = parameters.get('name') ?? '';
  if (name in Object.prototype) throw damaged('a field has a name that no field may have');
  const type = headers.get('content-type') ?? 'text/plain';
  const mediaType = type.replace(/;.*$/s, '').trim().toLowerCase();
  return {
    name,
    isFile: mediaType === 'application/octet-stream' || parameters.has('filename') || parameters.has('filename*'),
    isJson: mediaType === 'application/json',
    charset: parametersOf(type).get('charset') ?? 'utf-8',
  };
}

function parametersOf(header: string): ReadonlyMap<string, string> {
  const found = [...header.matchAll(parameter)];
  return new Map(found.map(([, name, quoted, plain]) => [name!.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? (plain ?? '').trim()]));
}

function readField({ name, isJson, charset }: PartHead, content: Buffer): unknown {
  if (content.length > fieldMaxBytes)
    throw new AppError('payload_too_large', `the field '${name.slice(0, 64)}' has more than ${fieldMaxBytes} bytes`);
  const text = decodeText(content, charset);
  if (!isJson) return text;
  try {
    return JSON.parse(text, refusePrototypes) as unknown;
  } catch (cause) {
    throw damaged('a field that says it is JSON is not', cause);
  }
}

function decodeText(content: Buffer, charset: string): string {
  if (/^utf-?8$/i.test(charset)) return content.toString('utf8');
  try {
    return new TextDecoder(charset).decode(content);
  } catch (cause) {
    throw damaged('a field is in a character set that is not known', cause);
  }
}

/** What the parser of JSON bodies refuses too. */
function refusePrototypes(name: string, value: unknown): unknown {
  const isConstructor = name === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
  if (name === '__proto__' || isConstructor) throw new SyntaxError('it names a prototype');
  return value;
}

function damaged(reason: string, cause?: unknown): AppError {
  return new AppError('invalid_argument', `the multipart body is damaged: ${reason}`, { cause });
}

function tooMany(what: string, most: number): AppError {
  return new AppError('payload_too_large', `the form has more than ${most} ${what}`);
}
