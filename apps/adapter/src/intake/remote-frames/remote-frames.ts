import { AppError } from '@nightjar/runtime';
import { AddressPolicy, CheckedFetch, type AnswerHead, type Lookup, type Network } from '@nightjar/outbound';

const downloadsMax = 16;
/**
 * Two of the largest pictures: those that arrive, and those whose requests are not answered yet, since they wait for an engine
 * process or are copied on their way to one. More are told to come again.
 */
const picturesInMemoryMax = 2;
const downloadTimeoutMs = 10_000;
const webPorts = [80, 443];

export interface RemoteFramesOptions {
  /** Largest picture that is fetched. */
  readonly maxBytes: number;
  /** Networks beyond the public internet. */
  readonly networks: readonly Network[];
  /** Ports beside 80 and 443. */
  readonly ports: readonly number[];
  /** Where this system itself listens. */
  readonly ownPorts: readonly number[];
  /** For tests: another resolver, and a shorter deadline. */
  readonly lookup?: Lookup;
  readonly timeoutMs?: number;
}

/** Frames from http(s) URLs. What the server says of its bytes counts for nothing: they are looked at as an upload's are. */
export class RemoteFrames {
  private readonly fetch: CheckedFetch;
  private heldBytes = 0;

  constructor(private readonly options: RemoteFramesOptions) {
    const { networks, ports, ownPorts, lookup } = options;
    this.fetch = new CheckedFetch({
      policy: new AddressPolicy({ networks, ports: new Set([...webPorts, ...ports]), ownPorts: new Set(ownPorts) }),
      exchangesMax: downloadsMax,
      bytesInFlightMax: () => this.freeBytes,
      ...(lookup && { lookup }),
    });
  }

  /**
   * @param options.signal aborts when the request is over, also when it was answered: until then its picture counts
   * @throws AppError `invalid_argument` (not allowed, or not what a camera answers), `not_found`, `payload_too_large`,
   *   `overloaded`, `unavailable`, `deadline_exceeded`
   */
  async read(url: string, { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<Buffer> {
    if (this.freeBytes === 0)
      throw new AppError('overloaded', 'too many pictures from other servers wait to be worked on', { retryAfterMs: 1_000 });
    const bytes = await this.fetch.get(url, {
      headers: { accept: 'image/jpeg, image/png, image/webp', 'user-agent': 'Nightjar' },
      maxBytes: this.options.maxBytes,
      timeoutMs: Math.min(timeoutMs, this.options.timeoutMs ?? downloadTimeoutMs),
      signal,
      accept: acceptPicture,
    });
    if (signal) this.holdUntil(signal, bytes.length);
    return bytes;
  }

  /** What may arrive beside what is held. */
  private get freeBytes(): number {
    return picturesInMemoryMax * this.options.maxBytes - this.heldBytes;
  }

  private holdUntil(signal: AbortSignal, sizeBytes: number): void {
    if (signal.aborted) return;
    this.heldBytes += sizeBytes;
    signal.addEventListener('abort', () => void (this.heldBytes -= sizeBytes), { once: true });
  }
}

/** Redirects are refused by the client itself, with a text of their own. */
function acceptPicture({ status }: AnswerHead): void {
  if (status === 200 || (status >= 300 && status < 400)) return;
  if (status === 404 || status === 410) throw new AppError('not_found', 'Frame not found');
  const message = `the frame cannot be fetched: the server answers with status ${status}`;
  if (status >= 500 || status === 429 || status === 408) throw new AppError('unavailable', message, { retryAfterMs: 1_000 });
  throw new AppError('invalid_argument', message);
}
