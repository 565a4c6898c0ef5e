import { createHash } from 'node:crypto';

/**
 * What tells a repeated request from another one under the same `Idempotency-Key`: SHA-256 over its route, the headers that
 * matter and its body, in an order that the route decides. Bodies pass through chunk by chunk; nothing is kept of them.
 */
export class RequestFingerprint {
  private readonly hash = createHash('sha256');
  private bodyBytes = 0;

  /** @param route name of the operation, the same wherever it is mounted */
  constructor(route: string) {
    this.add('route', route);
  }

  /** A field by its name; one that is absent differs from an empty one. Lengths keep fields from running into each other. */
  add(name: string, value: string | number | null | undefined): this {
    const text = value === undefined || value === null ? '' : `=${value}`;
    this.hash.update(`${name} ${Buffer.byteLength(text)} ${text}`);
    return this;
  }

  /** The next bytes of the body. */
  readonly addChunk = (chunk: Uint8Array): void => {
    this.bodyBytes += chunk.length;
    this.hash.update(chunk);
  };

  /** Ends the body that came in chunks. */
  endBody(): this {
    return this.add('body bytes', this.bodyBytes);
  }

  /** 32 bytes; what is added later is another request. */
  digest(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.hash.copy().digest());
  }
}
