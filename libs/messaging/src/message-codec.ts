import type { MsgHdrs } from '@nats-io/transport-node';

/** Says where the JSON part of a message ends and its binary body begins; absent: all is JSON. */
export const jsonBytesHeader = 'Nightjar-Json-Bytes';

const emptyBody = new Uint8Array(0);

/** JSON first, then the body as it is: pictures are never base64 on the bus. Sets the header when there is a body. */
export function encodeMessage(json: unknown, body: Uint8Array | undefined, headers: MsgHdrs): Uint8Array {
  const text = Buffer.from(JSON.stringify(json));
  if (body === undefined || body.length === 0) return text;
  headers.set(jsonBytesHeader, String(text.length));
  return Buffer.concat([text, body]);
}

/**
 * @returns the parsed JSON (unchecked: parse it with its schema) and the body, which is empty when there is none
 * @throws SyntaxError when the JSON part is none
 */
export function decodeMessage(data: Uint8Array, headers: MsgHdrs | undefined): { json: unknown; body: Uint8Array } {
  const marked = headers?.get(jsonBytesHeader);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (!marked) return { json: JSON.parse(bytes.toString('utf8')), body: emptyBody };
  const length = Number(marked);
  if (!Number.isInteger(length) || length < 0 || length > bytes.length)
    throw new SyntaxError('the JSON part of the message is longer than the message');
  return { json: JSON.parse(bytes.toString('utf8', 0, length)), body: bytes.subarray(length) };
}
