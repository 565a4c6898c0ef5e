import { AppError } from '@nightjar/runtime';
import { AddressPolicy, CheckedFetch, type AnswerHead, type Lookup, type Network } from '@nightjar/outbound';
import { ByteRoom } from './byte-room.js';

const downloadsMax = 16;
/**
 * Two of the largest pictures: those that arrive, and those whose requests are not answered yet, since they wait for an engine
 * process or are copied on their way to one. More wait in line, at most as many as there are downloads.
 */
const picturesInMemoryMax = 2;
/** Most pictures are small and wait for nobody. All downloads may have so much together, as a share of the largest picture. */
const shareOfSmallOnes = 1 / 2;
const downloadTimeoutMs = 10_000;
const roomWaitMs = 10_000;
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
  /** For tests: another resolver, and shorter waits. */
  readonly lookup?: Lookup;
  readonly timeoutMs?: number;
  readonly roomWaitMs?: number;
}

/** Frames from http(s) URLs. What the server says of its bytes counts for nothing: they are looked at as an upload's are. */
export class RemoteFrames {
  private readonly fetch: CheckedFetch;
  private readonly room: ByteRoom;
  /** Requests that have some of it. */
  private readonly holders = new WeakSet<AbortSignal>();

  constructor(private readonly options: RemoteFramesOptions) {
    const { networks, ports, ownPorts, lookup } = options;
    this.fetch = new CheckedFetch({
      policy: new AddressPolicy({ networks, ports: new Set([...webPorts, ...ports]), ownPorts: new Set(ownPorts) }),
      exchangesMax: downloadsMax,
      ...(lookup && { lookup }),
    });
    this.room = new ByteRoom({
      capacityBytes: picturesInMemoryMax * options.maxBytes,
      waitMs: options.roomWaitMs ?? roomWaitMs,
    });
  }

  /**
   * @param options.signal aborts when the request is over, also when it was answered: until then its picture keeps its room
   * @throws AppError `invalid_argument` (not allowed, or not what a camera answers), `not_found`, `payload_too_large`,
   *   `overloaded`, `unavailable`, `deadline_exceeded`
   */
  async read(url: string, { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<Buffer> {
    const { maxBytes } = this.options;
    let takenBytes = 0;
    const take = async (sizeBytes: number, ended: AbortSignal) => {
      await this.room.take(sizeBytes, { isHolder: signal !== undefined && this.holders.has(signal), signal: ended });
      takenBytes = sizeBytes;
    };
    let keptBytes = 0;
    try {
      const bytes = await this.fetch.get(url, {
        headers: { accept: 'image/jpeg, image/png, image/webp', 'user-agent': 'Nightjar' },
        maxBytes,
        timeoutMs: Math.min(timeoutMs, this.options.timeoutMs ?? downloadTimeoutMs),
        signal,
        accept: acceptPicture,
        room: { unaskedBytes: Math.floor((maxBytes * shareOfSmallOnes) / downloadsMax), take },
      });
      if (signal && takenBytes > 0) keptBytes = this.keepUntil(signal, bytes.length);
      return bytes;
    } finally {
      if (takenBytes > 0) this.room.giveBack(takenBytes - keptBytes);
    }
  }

  /** @returns how much is kept */
  private keepUntil(signal: AbortSignal, sizeBytes: number): number {
    if (signal.aborted) return 0;
    this.holders.add(signal);
    signal.addEventListener('abort', () => this.room.giveBack(sizeBytes), { once: true });
    return sizeBytes;
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
