import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { pause, type Clock, type Logger } from '@nightjar/runtime';
import type { ApiConfig } from '../config.js';
import { CLOCK, CONFIG, LOGGER } from '../process-parts.js';
import { MessagesStore } from '../rules/messages.store.js';
import { EventUpkeepStore } from './event-upkeep.store.js';
import { EvidenceFiles } from './evidence-files.js';

const runEveryMs = 3_600_000;
/** While the database is away, or a partition can't be locked. */
const tryAgainMs = 30_000;
/** Without this process a month has room for its events for so long. */
const monthsAhead = 3;
const batchRows = 500;
const dayMs = 24 * 3_600_000;
/** The delivery log of rules. */
const messagesKeptMs = 30 * dayMs;

/**
 * Makes room for the events of coming months and removes what is too old: whole months as tables, the rest row by row. Any number
 * of processes may do it at once: what one has done, the next finds done.
 */
@Injectable()
export class EventUpkeep implements OnModuleInit, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: EventUpkeepStore,
    private readonly evidence: EvidenceFiles,
    private readonly messages: MessagesStore,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.running = this.repeat(this.stopping.signal);
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** @throws the error of the database; nothing is lost, the next run goes on */
  async run(signal: AbortSignal): Promise<void> {
    const made = await this.store.makeMonths(monthsAhead);
    if (made > 0) this.logger.info('events have partitions for coming months', { made });
    await this.removeMessages(signal);
    const { eventRetentionMs } = this.config;
    if (eventRetentionMs > 0) await this.removeEvents(new Date(this.clock.wallMs() - eventRetentionMs), signal);
  }

  private async repeat(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let waitMs = runEveryMs;
      try {
        await this.run(signal);
      } catch (error) {
        waitMs = tryAgainMs;
        this.logger.warn('events cannot be kept in order, it is tried again', { error });
      }
      await pause(waitMs, signal);
    }
  }

  /** Pictures first: a crash in between leaves events without one, never pictures that nobody knows. */
  private async removeEvents(before: Date, signal: AbortSignal): Promise<void> {
    let behind = { startedAt: new Date(0), id: 0n };
    for (;;) {
      const files = await this.store.listEvidence({ behind, before, limit: batchRows });
      for (const { evidenceFile } of files) await this.evidence.drop(evidenceFile);
      const last = files.at(-1);
      if (!last || signal.aborted) break;
      behind = last;
    }
    if (signal.aborted) return;
    const months = await this.store.dropMonths(before);
    let rows = 0;
    for (let removed = batchRows; removed === batchRows && !signal.aborted; rows += removed)
      removed = await this.store.removeRows({ before, limit: batchRows });
    if (months + rows > 0) this.logger.info('events have expired', { months, rows });
  }

  private async removeMessages(signal: AbortSignal): Promise<void> {
    const before = new Date(this.clock.wallMs() - messagesKeptMs);
    for (let removed = batchRows; removed === batchRows && !signal.aborted;) removed = await this.messages.removeOlder(before, batchRows);
  }
}
