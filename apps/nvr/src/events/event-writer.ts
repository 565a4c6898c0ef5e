import { Inject, Injectable } from '@nestjs/common';
import { isDatabaseAway, Prisma, type NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import { DATABASE } from '../process-parts.js';
import { RuleSender } from '../rules/rule-sender.js';
import type { EventState } from './merge-event.js';
import { eventKeyText, takeGroup } from './report-groups.js';
import { writeReports, type EventKey, type EventKind, type EventReportRow, type SavedEvent } from './write-reports.js';

/** Reports that wait at most. Full: `overloaded`, the caller comes again. */
const waitingMax = 1_000;
/** Reports of one transaction. */
const groupMax = 50;
/** For a connection of the pool, and for the transaction itself, which waits for those of other processes. */
const transactionLimits = { maxWait: 5_000, timeout: 10_000 };
/** Prisma's codes for a transaction that took too long or met another one; nothing of it was written. */
const unluckyCodes = new Set(['P2028', 'P2034']);
const attemptsMax = 2;
const retryAfterMs = 1_000;

interface Waiting extends EventReportRow {
  resolve: (saved: SavedEvent) => void;
  reject: (error: unknown) => void;
}

/**
 * Writes reports of events: those that came while the last ones were written are written together, in one transaction. So many at
 * once take hardly longer than one, and the writes of this process hold one connection.
 */
@Injectable()
export class EventWriter {
  private readonly waiting: Waiting[] = [];
  private isWriting = false;

  constructor(
    @Inject(DATABASE) private readonly database: NvrDatabase,
    private readonly sender: RuleSender,
  ) {}

  /**
   * Opens or changes an event; answers after the commit.
   * @throws AppError `not_found` for an unknown camera, `overloaded` when too many wait, `unavailable` when the database is too slow
   */
  save(key: EventKey, state: EventState, kind: EventKind): Promise<SavedEvent> {
    if (this.waiting.length >= waitingMax) throw new AppError('overloaded', 'too many events wait to be written', { retryAfterMs });
    return new Promise((resolve, reject) => {
      this.waiting.push({ key, state, kind, resolve, reject });
      if (!this.isWriting) void this.writeAll();
    });
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true;
    while (this.waiting.length > 0) await this.writeGroup(takeGroup(this.waiting, { groupMax, keyOf: ({ key }) => eventKeyText(key) }));
    this.isWriting = false;
  }

  private async writeGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const { messages, saved } = await this.writeAgainIfUnlucky(group);
      for (const [index, { reject, resolve }] of group.entries()) {
        const written = saved[index];
        if (written) resolve(written);
        else reject(new AppError('not_found', 'Camera not found'));
      }
      if (messages > 0) this.sender.nudge();
    } catch (error) {
      // One report that the database refuses must not take the others with it.
      if (group.length > 1 && !isDatabaseAway(error) && !isRetryable(error)) for (const one of group) await this.writeGroup([one]);
      else for (const { reject } of group) reject(error);
    }
  }

  private async writeAgainIfUnlucky(group: readonly Waiting[]) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.database.$transaction((transaction) => writeReports(transaction, group), transactionLimits);
      } catch (error) {
        if (!isUnlucky(error)) throw error;
        if (attempt >= attemptsMax) throw new AppError('unavailable', 'the database is too slow', { cause: error, retryAfterMs });
      }
    }
  }
}

const isRetryable = (error: unknown) => error instanceof AppError && error.retryable;

function isUnlucky(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && unluckyCodes.has(error.code);
}
