/** One published message, as the broker routes it. */
export interface BrokerMessage {
  readonly subject: string;
  /** Empty when the publisher asked for no reply. */
  readonly replyTo: string;
  /** Length of the header block at the start of `payload`; 0 without headers. */
  readonly headerBytes: number;
  /** Header block and body. */
  readonly payload: Buffer;
}

const noBytes = Buffer.alloc(0);

/** A message without headers; an empty body when none is given. */
export function plainMessage(subject: string, body: Buffer = noBytes): BrokerMessage {
  return { subject, replyTo: '', headerBytes: 0, payload: body };
}

/** A message with a JSON body and no headers. */
export function jsonMessage(subject: string, value: object): BrokerMessage {
  return plainMessage(subject, Buffer.from(JSON.stringify(value)));
}

/** A message that is only a status line and headers, e.g. `503` for "no responders" or `408` at the end of a pull. */
export function statusMessage(subject: string, status: string, headers: Readonly<Record<string, string | number>> = {}): BrokerMessage {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const payload = Buffer.from(`NATS/1.0 ${status}\r\n${lines.join('')}\r\n`, 'latin1');
  return { subject, replyTo: '', headerBytes: payload.length, payload };
}

/** Value of a header by its name, upper and lower case being the same; undefined when it is absent. */
export function readHeader(message: BrokerMessage, name: string): string | undefined {
  if (message.headerBytes === 0) return undefined;
  const wanted = name.toLowerCase();
  for (const line of message.payload.toString('latin1', 0, message.headerBytes).split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0 && line.slice(0, colon).toLowerCase() === wanted) return line.slice(colon + 1).trim();
  }
  return undefined;
}

/** The body as text, headers left out. */
export function bodyText(message: BrokerMessage): string {
  return message.payload.toString('utf8', message.headerBytes);
}
