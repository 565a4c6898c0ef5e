/** What a client says at the start; fields the broker has no use for are left out. */
export interface ConnectOptions {
  readonly verbose?: boolean;
  readonly echo?: boolean;
  readonly headers?: boolean;
  readonly no_responders?: boolean;
  readonly auth_token?: string;
}

/** One operation of the NATS client protocol. */
export type ClientCommand =
  | { readonly kind: 'connect'; readonly options: ConnectOptions }
  | { readonly kind: 'publish'; readonly subject: string; readonly replyTo: string; readonly headerBytes: number; readonly payload: Buffer }
  | { readonly kind: 'subscribe'; readonly subject: string; readonly queue: string; readonly sid: string }
  | { readonly kind: 'unsubscribe'; readonly sid: string; readonly deliverAtMost: number | undefined }
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' };

/** The client broke the protocol; the text is what the server says before it hangs up. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

interface ParserLimits {
  readonly payloadBytesMax: number;
  /** Longest line before its CRLF; a client that never ends a line is cut off here. */
  readonly lineBytesMax: number;
}

interface PendingPublish {
  readonly subject: string;
  readonly replyTo: string;
  readonly headerBytes: number;
  readonly payloadBytes: number;
}

/**
 * Incremental parser of one client's bytes. Chunks of a large payload are kept as they come and joined once, so its cost
 * grows with the bytes and not with the number of chunks.
 */
export class WireParser {
  private chunks: Buffer[] = [];
  private buffered = 0;
  private pending: PendingPublish | undefined;

  constructor(private readonly limits: ParserLimits) {}

  /**
   * Yields every operation that is complete with this chunk.
   * @throws ProtocolError
   */
  *push(chunk: Buffer): Generator<ClientCommand> {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    if (this.pending && this.buffered < this.pending.payloadBytes + 2) return;

    const bytes = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks, this.buffered);
    let offset = 0;
    for (;;) {
      if (this.pending) {
        const end = offset + this.pending.payloadBytes;
        if (end + 2 > bytes.length) break;
        const { subject, replyTo, headerBytes } = this.pending;
        this.pending = undefined;
        yield { kind: 'publish', subject, replyTo, headerBytes, payload: bytes.subarray(offset, end) };
        offset = end + 2;
        continue;
      }
      const end = bytes.indexOf('\r\n', offset, 'latin1');
      if ((end < 0 ? bytes.length : end) - offset > this.limits.lineBytesMax) throw new ProtocolError('Maximum Control Line Exceeded');
      if (end < 0) break;
      const command = this.parseLine(bytes.toString('latin1', offset, end));
      offset = end + 2;
      if (command) yield command;
    }
    const rest = bytes.subarray(offset);
    this.chunks = rest.length > 0 ? [rest] : [];
    this.buffered = rest.length;
  }

  /** Undefined for PUB and HPUB: their command is complete when the payload is. */
  private parseLine(line: string): ClientCommand | undefined {
    const [operation = '', ...fields] = line.trimEnd().split(/[ \t]+/);
    switch (operation.toUpperCase()) {
      case 'PUB':
        this.pending = this.parsePublish(fields, false);
        return undefined;
      case 'HPUB':
        this.pending = this.parsePublish(fields, true);
        return undefined;
      case 'SUB':
        return parseSubscribe(fields);
      case 'UNSUB':
        return parseUnsubscribe(fields);
      case 'PING':
        return { kind: 'ping' };
      case 'PONG':
        return { kind: 'pong' };
      case 'CONNECT':
        return { kind: 'connect', options: parseConnect(line.slice(operation.length)) };
      default:
        throw new ProtocolError('Unknown Protocol Operation');
    }
  }

  /** `PUB subject [reply] bytes` or `HPUB subject [reply] headerBytes bytes`. */
  private parsePublish(fields: readonly string[], hasHeaders: boolean): PendingPublish {
    const sizes = hasHeaders ? 2 : 1;
    const [subject = '', replyTo = ''] = fields.slice(0, -sizes);
    const payloadBytes = Number(fields.at(-1));
    const headerBytes = hasHeaders ? Number(fields.at(-2)) : 0;
    const isWellFormed =
      subject !== '' && fields.length <= sizes + 2 && isSize(payloadBytes) && isSize(headerBytes) && headerBytes <= payloadBytes;
    if (!isWellFormed) throw new ProtocolError('Parser Error');
    if (payloadBytes > this.limits.payloadBytesMax) throw new ProtocolError('Maximum Payload Violation');
    return { subject, replyTo, headerBytes, payloadBytes };
  }
}

function parseSubscribe(fields: readonly string[]): ClientCommand {
  const [subject, second, third] = fields;
  if (subject === undefined || second === undefined || fields.length > 3) throw new ProtocolError('Parser Error');
  return third === undefined
    ? { kind: 'subscribe', subject, queue: '', sid: second }
    : { kind: 'subscribe', subject, queue: second, sid: third };
}

function parseUnsubscribe([sid, count]: readonly string[]): ClientCommand {
  const deliverAtMost = count === undefined ? undefined : Number(count);
  if (sid === undefined || (deliverAtMost !== undefined && !isSize(deliverAtMost))) throw new ProtocolError('Parser Error');
  return { kind: 'unsubscribe', sid, deliverAtMost };
}

function parseConnect(text: string): ConnectOptions {
  try {
    const options: unknown = JSON.parse(text);
    if (options !== null && typeof options === 'object') return options;
  } catch {
    // falls through: the same answer as for JSON that is no object
  }
  throw new ProtocolError('Parser Error');
}

function isSize(value: number): boolean {
  return Number.isInteger(value) && value >= 0;
}
