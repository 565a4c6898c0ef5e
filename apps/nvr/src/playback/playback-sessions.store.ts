import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { z } from 'zod';
import { DATABASE } from '../process-parts.js';
import type { SessionTicket } from './playback-tickets.js';

/** A recorded file as it was when the session began. */
const SessionFile = z.object({
  id: z.number().int(),
  file: z.string(),
  sizeBytes: z.number(),
  startUnixMs: z.number(),
  timelineMs: z.number(),
});
export type SessionFile = z.infer<typeof SessionFile>;

/** A range of time that somebody plays. */
export interface PlaybackSession {
  id: string;
  owner: string;
  cameraId: number;
  startUnixMs: number;
  endUnixMs: number;
  files: SessionFile[];
  expiresUnixMs: number;
}

/** Of one owner. Full: the new one takes the place of the oldest. */
const sessionsMax = 24;

@Injectable()
export class PlaybackSessionsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async create(session: PlaybackSession, ticket: SessionTicket | undefined): Promise<void> {
    const { cameraId, endUnixMs, expiresUnixMs, files, id, owner, startUnixMs } = session;
    await this.database.playbackSession.deleteMany({ where: { expiresAt: { lt: new Date() } } });
    const times = { startsAt: new Date(startUnixMs), endsAt: new Date(endUnixMs), expiresAt: new Date(expiresUnixMs) };
    const ofUser = ticket && {
      ticketSha256: ticket.sha256,
      userId: ticket.holder.userId,
      sessionId: ticket.holder.sessionId ?? null,
      tokenVersion: ticket.holder.tokenVersion,
    };
    await this.database.playbackSession.create({ data: { id, owner, cameraId, files, ...times, ...ofUser } });
    await this.database.$executeRaw`
      DELETE FROM nvr.playback_session WHERE owner = ${owner} AND id NOT IN (
        SELECT id FROM nvr.playback_session WHERE owner = ${owner} ORDER BY created_at DESC, id DESC LIMIT ${sessionsMax})`;
  }

  /** @returns undefined also for one that has expired or is somebody else's */
  async find(id: string, owner: string): Promise<PlaybackSession | undefined> {
    const row = await this.database.playbackSession.findUnique({ where: { id, owner, expiresAt: { gt: new Date() } } });
    if (!row) return undefined;
    return {
      id: row.id,
      owner: row.owner,
      cameraId: row.cameraId,
      startUnixMs: row.startsAt.getTime(),
      endUnixMs: row.endsAt.getTime(),
      files: z.array(SessionFile).parse(row.files),
      expiresUnixMs: row.expiresAt.getTime(),
    };
  }

  async extend(id: string, expiresUnixMs: number): Promise<void> {
    await this.database.playbackSession.updateMany({ where: { id }, data: { expiresAt: new Date(expiresUnixMs) } });
  }

  async remove(id: string): Promise<void> {
    await this.database.playbackSession.deleteMany({ where: { id } });
  }
}
