import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import type { Event } from '../events/events.store.js';
import { lockEventWrites } from '../events/write-reports.js';
import { DATABASE } from '../process-parts.js';

/** Puts the picture of the main stream into an event's row. */
@Injectable()
export class BestPicturesStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /**
   * A change of the event like any other: with a new place in the order, so that listeners see it.
   * @param event as it was read: one whose picture or payload has changed since stays as it is
   * @returns its new `seq`; undefined when it stays
   */
  replace(event: Event, picture: { file: string; width: number; height: number }): Promise<number | undefined> {
    const { evidenceFile, id, payload, startedAt } = event;
    const told = JSON.stringify({ picture: { stream: 'main', w: picture.width, h: picture.height } });
    return this.database.$transaction(async (transaction) => {
      await lockEventWrites(transaction);
      const [row] = await transaction.$queryRaw<{ seq: bigint }[]>`
        UPDATE nvr.event SET seq = nextval(pg_get_serial_sequence('nvr.event', 'seq')), evidence_file = ${picture.file}, payload = payload || ${told}::jsonb
        WHERE id = ${id}::bigint AND started_at = ${startedAt} AND evidence_file = ${evidenceFile} AND payload = ${JSON.stringify(payload)}::jsonb
        RETURNING seq`;
      return row && Number(row.seq);
    });
  }
}
