/** One RTSP request. */
export interface RtspRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

const headBytesMax = 8_192;

/** A client that does not speak RTSP; its connection is closed. */
export class RtspSyntaxError extends Error {
  override readonly name = 'RtspSyntaxError';
}

/**
 * Incremental parser of what a client sends: requests, and interleaved binary packets (its receiver reports), which are
 * skipped. Request bodies are skipped too: none of the methods served has one that matters.
 */
export class RtspParser {
  private buffered: Buffer = Buffer.alloc(0);
  private skip = 0;

  /**
   * Yields every request that is complete with this chunk.
   * @throws RtspSyntaxError
   */
  *push(chunk: Buffer): Generator<RtspRequest> {
    this.buffered = Buffer.concat([this.buffered, chunk]);
    for (;;) {
      const skipped = Math.min(this.skip, this.buffered.length);
      this.buffered = this.buffered.subarray(skipped);
      this.skip -= skipped;
      if (this.skip > 0 || this.buffered.length === 0) return;
      if (this.buffered[0] === 0x24) {
        if (this.buffered.length < 4) return;
        this.skip = 4 + this.buffered.readUInt16BE(2); // `$`, channel, length, packet
        continue;
      }
      const end = this.buffered.indexOf('\r\n\r\n');
      if (end > headBytesMax || (end < 0 && this.buffered.length > headBytesMax)) throw new RtspSyntaxError('a request is too long');
      if (end < 0) return;
      const request = parseHead(this.buffered.toString('latin1', 0, end));
      this.buffered = this.buffered.subarray(end + 4);
      this.skip = bodyBytes(request);
      yield request;
    }
  }
}

function parseHead(head: string): RtspRequest {
  const [requestLine = '', ...lines] = head.split('\r\n');
  const [method, url, version] = requestLine.split(' ');
  if (method === undefined || url === undefined || version !== 'RTSP/1.0') throw new RtspSyntaxError('no RTSP request');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return { method, url, headers };
}

function bodyBytes({ headers }: RtspRequest): number {
  const bytes = Number(headers.get('content-length') ?? 0);
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > headBytesMax) throw new RtspSyntaxError('a body is too long');
  return bytes;
}

/** Answer to a request. `status` is like `200 OK`. */
export function renderResponse(request: RtspRequest, status: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all = {
    CSeq: request.headers.get('cseq') ?? '0',
    ...headers,
    ...(body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `RTSP/1.0 ${status}\r\n${lines.join('')}\r\n${body}`;
}
