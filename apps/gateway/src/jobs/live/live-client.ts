import type { ServerResponse } from 'node:http';
import { toAppError, type Clock } from '@nightjar/runtime';
import type { EventPosition } from './event-window.js';
import type { EventFilter, JobEvent } from './job-events.store.js';
import { heartbeat, jobMessage } from './sse-message.js';

/** A client that takes nothing for so long is cut off; it comes back with its last id and loses nothing. */
const stalledMaxMs = 30_000;

interface LiveClientOptions {
  response: ServerResponse;
  filter: EventFilter;
  /** Events up to it are not this client's. */
  position: EventPosition;
  clock: Clock;
  /** Asks again whether the client may listen. @throws AppError */
  revalidate: () => Promise<void>;
}

/**
 * One SSE connection. Full (the socket takes no more): events are left where they are and follow when it drains; progress is
 * left out. So a slow client costs no memory.
 */
export class LiveClient {
  readonly filter: EventFilter;
  /** Every event up to it was sent, or is not this client's. */
  position: EventPosition;
  /** Somebody reads for this client: one at a time, or some events would come twice. */
  isServed = false;
  private fullSinceMs: number | undefined;

  constructor(private readonly options: LiveClientOptions) {
    this.filter = options.filter;
    this.position = options.position;
  }

  get takesMore(): boolean {
    return this.fullSinceMs === undefined && this.isOpen;
  }

  get isOpen(): boolean {
    return !this.options.response.destroyed && !this.options.response.writableEnded;
  }

  wants({ tenantId, jobId }: { tenantId: number; jobId: string }): boolean {
    return tenantId === this.filter.tenantId && (this.filter.jobIds?.has(jobId) ?? true);
  }

  /** Sends the client what it wants of the next event. */
  take(event: JobEvent): void {
    this.position = event;
    if (this.wants(event)) this.write(jobMessage(event));
  }

  offerProgress(progress: { tenantId: number; jobId: string; message: string }): void {
    if (this.takesMore && this.wants(progress)) this.write(progress.message);
  }

  write(message: string): void {
    const { response, clock } = this.options;
    if (this.isOpen && !response.write(message)) this.fullSinceMs ??= clock.monotonicMs();
  }

  /** The socket takes more again. */
  drained(): void {
    this.fullSinceMs = undefined;
  }

  /** Keeps the connection, or ends one that is dead. */
  beat(): void {
    const { response, clock } = this.options;
    if (this.fullSinceMs === undefined) this.write(heartbeat);
    else if (clock.monotonicMs() - this.fullSinceMs > stalledMaxMs) response.destroy();
  }

  /** Ends the stream of a key that was revoked or a token that is too old; a database that is away ends nothing. */
  async revalidate(): Promise<void> {
    try {
      await this.options.revalidate();
    } catch (error) {
      if (!toAppError(error).retryable) this.end();
    }
  }

  end(): void {
    this.options.response.end();
  }
}
