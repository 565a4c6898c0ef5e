/** One RTSP request or response. */
export interface RtspMessage {
  /** `DESCRIBE rtsp://… RTSP/1.0` or `RTSP/1.0 200 OK`. */
  readonly startLine: string;
  /** Names in lower case; a name may come several times. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

/** A piece of an RTSP connection: whole messages, and interleaved packets in runs that may begin and end inside of one. */
type RtspPart = { readonly kind: 'media'; readonly bytes: Buffer } | { readonly kind: 'message'; readonly message: RtspMessage };

/** The other side does not speak RTSP, or says more than a camera has to say. The connection is of no use any more. */
export class RtspSyntaxError extends Error {
  override readonly name = 'RtspSyntaxError';
}

const headBytesMax = 16 * 1024;
const headersMax = 64;
/** Descriptions of real cameras have a few kilobytes. */
const bodyBytesMax = 256 * 1024;
/** Some cameras leave bytes between their packets; more than this between two of them is no camera. */
const strayBytesMax = 64 * 1024;
const dollar = 0x24;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const startLineForm = /^(?:RTSP\/1\.\d \d{3}(?: .*)?|[A-Z_]{3,20} \S+ RTSP\/1\.\d)$/;

/** Splits one direction of an RTSP connection (RFC 2326). Packets are not looked into and not copied. */
export class RtspSplitter {
  private frameBytesLeft = 0;
  private readonly frameHeader = Buffer.alloc(4);
  private frameHeaderBytes = 0;
  private strayBytes = 0;
  private head: Buffer | undefined;
  private headBytes = 0;
  private waiting: { startLine: string; headers: Map<string, string[]>; body: Buffer; filled: number } | undefined;

  /**
   * Yields what is complete with this chunk; packets at once, whatever is there of them.
   * @throws RtspSyntaxError
   */
  *push(chunk: Buffer): Generator<RtspPart, void, undefined> {
    let at = 0;
    while (at < chunk.length) {
      if (this.waiting) at = this.fillBody(chunk, at);
      else if (this.head) at = this.fillHead(chunk, at);
      else {
        const end = this.skipFrames(chunk, at);
        if (end > at) yield { kind: 'media', bytes: chunk.subarray(at, end) };
        at = this.skipStrayBytes(chunk, end);
      }
      const message = this.takeMessage();
      if (message) yield { kind: 'message', message };
    }
  }

  /** @returns the end of the packets that begin or go on at `at` */
  private skipFrames(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.frameBytesLeft > 0) {
        const taken = Math.min(this.frameBytesLeft, chunk.length - at);
        this.frameBytesLeft -= taken;
        at += taken;
      } else if (this.frameHeaderBytes > 0 || chunk[at] === dollar) {
        this.frameHeader[this.frameHeaderBytes++] = chunk[at++] ?? 0;
        if (this.frameHeaderBytes < 4) continue;
        this.frameBytesLeft = this.frameHeader.readUInt16BE(2);
        this.frameHeaderBytes = 0;
        this.strayBytes = 0;
      } else break;
    }
    return at;
  }

  /** Nothing but a packet or a message begins a message; what else stands here is left out. */
  private skipStrayBytes(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && chunk[at] !== dollar && !isCapital(chunk[at])) at++;
    this.strayBytes += at - from;
    if (this.strayBytes > strayBytesMax) throw new RtspSyntaxError('it sends what is no RTSP');
    if (at < chunk.length && chunk[at] !== dollar) this.head = Buffer.allocUnsafe(headBytesMax);
    return at;
  }

  private fillHead(chunk: Buffer, from: number): number {
    const { head } = this;
    if (!head) return from;
    for (let at = from; at < chunk.length; at++) {
      if (this.headBytes === headBytesMax) throw new RtspSyntaxError('its message has no end');
      const byte = chunk[at] ?? 0;
      // Line ends of cameras are CR LF or LF alone.
      if (byte === carriageReturn) continue;
      head[this.headBytes++] = byte;
      if (byte !== lineFeed || head[this.headBytes - 2] !== lineFeed) continue;
      this.readHead(head.toString('latin1', 0, this.headBytes - 2));
      this.head = undefined;
      this.headBytes = 0;
      return at + 1;
    }
    return chunk.length;
  }

  private readHead(text: string): void {
    const [startLine = '', ...lines] = text.split('\n');
    if (!startLineForm.test(startLine)) throw new RtspSyntaxError('it sends what is no RTSP');
    if (lines.length > headersMax) throw new RtspSyntaxError('its message has too many headers');
    const headers = new Map<string, string[]>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon <= 0) continue;
      const name = line.slice(0, colon).trim().toLowerCase();
      headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
    }
    this.waiting = { startLine, headers, body: Buffer.allocUnsafe(bodyBytesOf(headers)), filled: 0 };
    this.strayBytes = 0;
  }

  private fillBody(chunk: Buffer, from: number): number {
    if (!this.waiting) return from;
    const { body, filled } = this.waiting;
    const end = Math.min(chunk.length, from + body.length - filled);
    this.waiting.filled += chunk.copy(body, filled, from, end);
    return end;
  }

  private takeMessage(): RtspMessage | undefined {
    if (!this.waiting || this.waiting.filled < this.waiting.body.length) return undefined;
    const { startLine, headers, body } = this.waiting;
    this.waiting = undefined;
    return { startLine, headers, body };
  }
}

/** First value of a header. */
export function headerOf(message: Pick<RtspMessage, 'headers'>, name: string): string | undefined {
  return message.headers.get(name)?.[0];
}

function bodyBytesOf(headers: ReadonlyMap<string, readonly string[]>): number {
  const announced = headers.get('content-length')?.[0] ?? '0';
  if (!/^\d{1,15}$/.test(announced)) throw new RtspSyntaxError('its message has no length that can be read');
  if (Number(announced) > bodyBytesMax) throw new RtspSyntaxError(`its message has more than ${bodyBytesMax} bytes`);
  return Number(announced);
}

function isCapital(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x41 && byte <= 0x5a;
}
