import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { visibleCameras, type CameraScope } from '../cameras/camera-scope.js';
import { DATABASE } from '../process-parts.js';
import { statesBefore, type ExportState } from './export-state.js';

/** A clip that is made into a file. Times are Unix ms. */
export interface Export {
  id: string;
  owner: string;
  cameraId: number;
  startUnixMs: number;
  endUnixMs: number;
  fileName: string;
  state: ExportState;
  /** Why it failed. */
  problem: string | null;
  /** Unknown until it has begun. */
  bytesTotal: number | null;
  bytesDone: number;
  attempts: number;
  /** Of whoever makes it, or made it: part of the file's name. */
  leaseId: string | null;
  createdAtMs: number;
  startedAtMs: number | null;
  endedAtMs: number | null;
  expiresAtMs: number | null;
}

/** Waiting or being made, of one owner, and of all. */
const openOfOwnerMax = 10;
const openMax = 200;
const retryAfterMs = 30_000;
/** Whoever adds exports takes turns; any number that no one else locks. */
const addLock = 72_707_422n;
const attemptsMax = 3;

@Injectable()
export class ExportsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** @throws AppError `rate_limited` when the owner has too many open ones, `overloaded` when all have */
  add(
    request: Pick<Export, 'owner' | 'cameraId' | 'startUnixMs' | 'endUnixMs' | 'fileName'> & { userId: number | null },
    writeEntry: WriteEntry,
  ): Promise<Export> {
    const { cameraId, endUnixMs, fileName, owner, startUnixMs, userId } = request;
    return this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${addLock})`;
      const open = { state: { in: ['queued', 'running'] } };
      if ((await transaction.export.count({ where: { ...open, owner } })) >= openOfOwnerMax)
        throw new AppError('rate_limited', `${openOfOwnerMax} of your exports are not ready yet`, { retryAfterMs });
      if ((await transaction.export.count({ where: open })) >= openMax)
        throw new AppError('overloaded', 'too many exports wait already: try again', { retryAfterMs });
      const times = { startsAt: new Date(startUnixMs), endsAt: new Date(endUnixMs) };
      const data = { id: randomUUID(), owner, userId, cameraId, ...times, fileName, state: 'queued' };
      const created = await transaction.export.create({ data });
      await writeEntry(transaction, created.id);
      return exportOf(created);
    });
  }

  /** Newest first, of cameras in the scope. */
  async list(query: { owner: string; scope: CameraScope; skip: number; limit: number }): Promise<{ found: Export[]; total: number }> {
    const { limit, owner, scope, skip } = query;
    const where = { owner, camera: visibleCameras(scope) };
    const [rows, total] = await Promise.all([
      this.database.export.findMany({ where, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], skip, take: limit }),
      this.database.export.count({ where }),
    ]);
    return { found: rows.map(exportOf), total };
  }

  async find(id: string, owner: string): Promise<Export | undefined> {
    const row = await this.database.export.findUnique({ where: { id, owner } });
    return row ? exportOf(row) : undefined;
  }

  /** Takes the export that waited longest, or one whose process fell silent; what was tried too often has failed. */
  async claim(leaseMs: number, keptMs: number): Promise<Export | undefined> {
    await this.database.$executeRaw`
      UPDATE nvr.export SET state = 'failed', problem = 'it was interrupted too often', lease_id = NULL, ended_at = now(),
        expires_at = now() + ${keptMs} * interval '1 ms'
      WHERE state = 'running' AND leased_until < now() AND attempts >= ${attemptsMax}`;
    const leaseId = randomUUID();
    const rows = await this.database.$queryRaw<{ id: string }[]>`
      UPDATE nvr.export SET state = 'running', lease_id = ${leaseId}::uuid, leased_until = now() + ${leaseMs} * interval '1 ms',
        attempts = attempts + 1, bytes_done = 0, started_at = coalesce(started_at, now())
      WHERE id = (
        SELECT id FROM nvr.export
        WHERE state = 'queued' OR (state = 'running' AND leased_until < now())
        ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING id`;
    const [claimed] = rows;
    return claimed && exportOf(await this.database.export.findUniqueOrThrow({ where: { id: claimed.id } }));
  }

  /** Says how far it is. @returns false when it is no longer ours to make */
  async beat(lease: { id: string; leaseId: string; leaseMs: number; bytesDone: number; bytesTotal: number }): Promise<boolean> {
    const { bytesDone, bytesTotal, id, leaseId, leaseMs } = lease;
    const count = await this.database.$executeRaw`
      UPDATE nvr.export SET bytes_done = ${bytesDone}, bytes_total = ${bytesTotal}, leased_until = now() + ${leaseMs} * interval '1 ms'
      WHERE id = ${id}::uuid AND lease_id = ${leaseId}::uuid AND state = 'running'`;
    return count > 0;
  }

  /** Ends it. @returns false when it was not ours to end any more */
  async finish(
    lease: { id: string; leaseId: string },
    outcome: { state: 'ready'; bytes: number } | { state: 'failed'; problem: string },
    keptMs: number,
  ): Promise<boolean> {
    const ended = { endedAt: new Date(), expiresAt: new Date(Date.now() + keptMs) };
    const { count } = await this.database.export.updateMany({
      where: { ...lease, state: { in: statesBefore(outcome.state) } },
      data:
        outcome.state === 'ready'
          ? { state: 'ready', bytesDone: outcome.bytes, bytesTotal: outcome.bytes, ...ended }
          : { state: 'failed', problem: outcome.problem.slice(0, 300), ...ended },
    });
    return count > 0;
  }

  /** Another process may go on at once; the attempt does not count. */
  async giveBack(lease: { id: string; leaseId: string }): Promise<void> {
    await this.database.$executeRaw`
      UPDATE nvr.export SET state = 'queued', lease_id = NULL, leased_until = NULL, bytes_done = 0, attempts = greatest(attempts - 1, 0)
      WHERE id = ${lease.id}::uuid AND lease_id = ${lease.leaseId}::uuid AND state = 'running'`;
  }

  /** @returns false when it is over already */
  async cancel(id: string, keptMs: number): Promise<boolean> {
    const { count } = await this.database.export.updateMany({
      where: { id, state: { in: statesBefore('cancelled') } },
      data: { state: 'cancelled', leaseId: null, endedAt: new Date(), expiresAt: new Date(Date.now() + keptMs) },
    });
    return count > 0;
  }

  async remove(id: string): Promise<void> {
    await this.database.export.deleteMany({ where: { id } });
  }

  async removeExpired(): Promise<number> {
    return (await this.database.export.deleteMany({ where: { expiresAt: { lt: new Date() } } })).count;
  }

  /** Bytes of all that is ready or being made. */
  async usedBytes(): Promise<number> {
    const where = { state: { in: ['ready', 'running'] } };
    const { _sum } = await this.database.export.aggregate({ where, _sum: { bytesTotal: true } });
    return Number(_sum.bytesTotal ?? 0);
  }

  /** Those of the named leases that a row still has, ready or being made. */
  async knownLeases(leaseIds: readonly string[]): Promise<Set<string>> {
    const where = { leaseId: { in: [...leaseIds] }, state: { in: ['ready', 'running'] } };
    const rows = await this.database.export.findMany({ where, select: { leaseId: true } });
    return new Set(rows.flatMap(({ leaseId }) => (leaseId === null ? [] : [leaseId])));
  }
}

type ExportRow = Awaited<ReturnType<NvrDatabase['export']['findUniqueOrThrow']>>;

function exportOf(row: ExportRow): Export {
  const { attempts, cameraId, fileName, id, leaseId, owner, problem } = row;
  return {
    ...{ attempts, cameraId, fileName, id, leaseId, owner, problem },
    state: row.state as ExportState,
    startUnixMs: row.startsAt.getTime(),
    endUnixMs: row.endsAt.getTime(),
    bytesTotal: row.bytesTotal === null ? null : Number(row.bytesTotal),
    bytesDone: Number(row.bytesDone),
    createdAtMs: row.createdAt.getTime(),
    startedAtMs: row.startedAt?.getTime() ?? null,
    endedAtMs: row.endedAt?.getTime() ?? null,
    expiresAtMs: row.expiresAt?.getTime() ?? null,
  };
}
