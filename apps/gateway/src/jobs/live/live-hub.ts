import type { ServerResponse } from 'node:http';
import type { JobId } from '@nightjar/contracts';
import { AppError, type Clock, type Logger } from '@nightjar/runtime';
import { EventWindow, isBefore, type EventPosition } from './event-window.js';
import type { EventFilter, JobEvent, JobEventsStore } from './job-events.store.js';
import { LiveClient } from './live-client.js';
import { gapMessage, openingMessage, progressMessage } from './sse-message.js';

/** Full: 503, the caller comes again. ~20 KB each. */
const clientsMax = 5_000;
/** Nudges may be lost; rows are asked this often anyway while somebody listens. */
const pollMs = 2_000;
/** A transaction that still runs holds events back; most last milliseconds. */
const unsettledRetryMs = 25;
const progressEveryMs = 1_000;
/** Jobs whose newest progress waits for its second. Full: the job is left out; its next beat tells anyway. */
const progressMax = 10_000;
const defaultBeatMs = 15_000;
const pageRows = 200;
const windowEvents = 2_000;

/** A stream that may begin. */
interface PlannedStream {
  filter: EventFilter;
  start: EventPosition;
  /** What there is, so that a hub without clients knows where it stands. */
  newest: EventPosition;
  /** Set when events after this id are not kept. */
  gapAfter: string | undefined;
}

/** Knows all live clients of this process, reads new events from the rows once for all of them, and hands progress on. */
export class LiveHub {
  private readonly clients = new Set<LiveClient>();
  private readonly window = new EventWindow<JobEvent>(windowEvents);
  private readonly progress = new Map<JobId, { tenantId: number; progress: number; stage: string }>();
  private reading: Promise<void> | undefined;
  private readAgain = false;
  private readonly timers: readonly NodeJS.Timeout[];

  constructor(private readonly options: { store: JobEventsStore; clock: Clock; logger: Logger; beatMs?: number }) {
    this.timers = [
      setInterval(() => this.wake(), pollMs),
      setInterval(() => this.tellProgress(), progressEveryMs),
      setInterval(() => this.beatClients(), options.beatMs ?? defaultBeatMs),
    ];
  }

  /**
   * Finds out where a stream begins.
   * @param lastEventId what the client has seen; undefined for one that begins now
   * @throws AppError `overloaded`, `unavailable`
   */
  async plan(filter: EventFilter, lastEventId: string | undefined): Promise<PlannedStream> {
    if (this.clients.size >= clientsMax) throw new AppError('overloaded', 'too many live clients', { retryAfterMs: 5_000 });
    const { store } = this.options;
    const newest = await store.newest();
    if (lastEventId === undefined) return { filter, start: newest, newest, gapAfter: undefined };
    const found = /^\d{1,18}$/.test(lastEventId) ? await store.find(BigInt(lastEventId)) : undefined;
    return { filter, start: found ?? newest, newest, gapAfter: found ? undefined : lastEventId };
  }

  /** Begins to send; the response's head is out. */
  begin({ filter, start, newest, gapAfter }: PlannedStream, response: ServerResponse, revalidate: () => Promise<void>): void {
    const client = new LiveClient({ response, filter, position: start, clock: this.options.clock, revalidate });
    response.on('close', () => this.clients.delete(client));
    response.on('drain', () => {
      client.drained();
      this.serve(client);
    });
    client.write(openingMessage(start.seq));
    if (gapAfter !== undefined) client.write(gapMessage({ lastEventId: gapAfter, resumedAfter: start.seq }));
    // Without clients nobody has followed the rows.
    if (this.clients.size === 0 && !this.reading) this.window.restart(newest);
    this.clients.add(client);
    this.serve(client);
    this.wake();
  }

  /** Rows may have changed: reads what is new. */
  wake(): void {
    if (this.clients.size === 0) return;
    if (this.reading) {
      this.readAgain = true;
      return;
    }
    this.reading = this.readNew()
      .catch((error: unknown) => this.options.logger.warn('job events cannot be read', { error }))
      .finally(() => {
        this.reading = undefined;
        if (this.readAgain) this.wake();
      });
  }

  /** The newest counts, once a second. */
  hearProgress({ jobId, ...progress }: { jobId: JobId; tenantId: number; progress: number; stage: string }): void {
    if (this.clients.size === 0 || (this.progress.size >= progressMax && !this.progress.has(jobId))) return;
    this.progress.set(jobId, progress);
  }

  stop(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const client of this.clients) client.end();
    this.clients.clear();
  }

  private async readNew(): Promise<void> {
    this.readAgain = false;
    for (;;) {
      const { events, more } = await this.options.store.listAfter(this.window.end, pageRows);
      this.window.append(events);
      for (const client of this.clients) this.serve(client);
      if (more === 'soon') setTimeout(() => this.wake(), unsettledRetryMs).unref();
      if (more !== 'ready') return;
    }
  }

  /** Sends a client what it has not had, until there is no more or it takes no more. */
  private serve(client: LiveClient): void {
    if (client.isServed || !client.takesMore) return;
    client.isServed = true;
    this.serveFromWindow(client);
    if (!client.takesMore || this.window.after(client.position) !== undefined) {
      client.isServed = false;
      return;
    }
    this.serveFromRows(client)
      .catch((error: unknown) => {
        this.options.logger.warn('a replay of job events failed', { error });
        // The client comes back with the id of the last one that it got.
        client.end();
      })
      .finally(() => {
        client.isServed = false;
        // What came while the last page was on its way.
        if (this.window.after(client.position)?.length !== 0) this.serve(client);
      });
  }

  private serveFromWindow(client: LiveClient): void {
    for (const event of this.window.after(client.position) ?? []) {
      if (!client.takesMore) return;
      client.take(event);
    }
  }

  private async serveFromRows(client: LiveClient): Promise<void> {
    while (client.takesMore && this.window.after(client.position) === undefined) {
      const endBefore = this.window.end;
      const { events } = await this.options.store.listAfter(client.position, pageRows, client.filter);
      for (const event of events) {
        if (!client.takesMore) return;
        client.take(event);
      }
      // The rows held no more of this client's when the page was read: it is as far as the window was before.
      if (events.length < pageRows && isBefore(client.position, endBefore)) client.position = endBefore;
    }
  }

  private tellProgress(): void {
    for (const [jobId, { tenantId, progress, stage }] of this.progress) {
      const message = progressMessage({ jobId, progress, stage });
      for (const client of this.clients) client.offerProgress({ tenantId, jobId, message });
    }
    this.progress.clear();
  }

  private beatClients(): void {
    for (const client of this.clients) {
      client.beat();
      void client.revalidate();
    }
    this.endIfSetBack().catch((error: unknown) => this.options.logger.warn('job events cannot be read', { error }));
  }

  /** A database that is behind what was read from it was emptied or restored: everybody comes back, and is told of the gap. */
  private async endIfSetBack(): Promise<void> {
    if (this.clients.size === 0) return;
    const readUpTo = this.window.end;
    const newest = await this.options.store.newest();
    if (!isBefore(newest, readUpTo)) return;
    this.options.logger.warn('the database is older than the events that were read from it');
    for (const client of this.clients) client.end();
    this.clients.clear();
    this.window.restart(newest);
  }
}
