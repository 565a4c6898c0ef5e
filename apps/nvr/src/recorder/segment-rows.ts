import { Inject, Injectable } from '@nestjs/common';
import { isDatabaseAway } from '@nightjar/database';
import { pause, type Logger } from '@nightjar/runtime';
import { LOGGER } from '../process-parts.js';
import { SegmentsStore, type SegmentState } from '../segments/segments.store.js';

/** Rows of all cameras are written together, so that their number costs little. */
const flushEveryMs = 500;
/** In one statement. */
const statementRowsMax = 500;
const retryMs = 1_000;
/** Full, after days without a database: the oldest is dropped, the next start finds its file and makes the row. */
const waitingMax = 20_000;

/**
 * Brings the state of recorded files into the database. Of each file the newest state waits; recording never waits for the
 * database, and what could not be written is written when it is back.
 */
@Injectable()
export class SegmentRows {
  private readonly waiting = new Map<string, SegmentState>();
  private isAway = false;

  constructor(
    private readonly store: SegmentsStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The file must be synced up to what the state says. */
  put(state: SegmentState): void {
    this.waiting.delete(state.file);
    this.waiting.set(state.file, state);
    const [oldest] = this.waiting.keys();
    if (this.waiting.size > waitingMax && oldest !== undefined) this.waiting.delete(oldest);
  }

  /** Writes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isWritten = await this.flush();
      await pause(isWritten ? flushEveryMs : retryMs, signal);
    }
  }

  /** @returns false when the database is away and something had to stay */
  async flush(): Promise<boolean> {
    const states = [...this.waiting.values()];
    for (let first = 0; first < states.length; first += statementRowsMax) {
      const away = await this.write(states.slice(first, first + statementRowsMax));
      if (away !== undefined) return this.noteAway(away);
    }
    if (this.isAway) this.logger.info('segments are written to the database again');
    this.isAway = false;
    return true;
  }

  /** @returns the error of a database that is away */
  private async write(states: readonly SegmentState[]): Promise<unknown> {
    try {
      await this.store.putAll(states);
    } catch (error) {
      if (isDatabaseAway(error)) return error;
      // One of them can't be written, e.g. because its camera is gone: the others must not wait for it.
      if (states.length > 1) return this.writeEach(states);
      // Such a row will never be written; its file stays and is found by the next start.
      this.logger.error('a segment is not written to the database', { file: states[0]?.file, error });
    }
    for (const state of states) if (this.waiting.get(state.file) === state) this.waiting.delete(state.file);
    return undefined;
  }

  private async writeEach(states: readonly SegmentState[]): Promise<unknown> {
    for (const state of states) {
      const away = await this.write([state]);
      if (away !== undefined) return away;
    }
    return undefined;
  }

  private noteAway(error: unknown): false {
    if (!this.isAway) this.logger.warn('segments cannot be written to the database, recording goes on', { error });
    this.isAway = true;
    return false;
  }
}
