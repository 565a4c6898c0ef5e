import { Inject, Injectable } from '@nestjs/common';
import type { CameraAssignment, TransportSecurity } from '@nightjar/contracts';
import { isUniqueViolation, Prisma, type NvrDatabase } from '@nightjar/database';
import { AppError } from '@nightjar/runtime';
import type { WriteEntry } from '../audit/audit-log.js';
import { followCameras } from '../luna/luna-streams.store.js';
import { DATABASE } from '../process-parts.js';
import { visibleCameras, type CameraScope } from './camera-scope.js';
import type { CameraReference } from './parse-camera-reference.js';

/** A camera as the database holds it. */
export interface Camera {
  id: number;
  uuid: string;
  ownerId: number | null;
  framesName: string;
  name: string;
  description: string | null;
  rtspUrl: string;
  substreamUrl: string | null;
  username: string | null;
  encryptedPassword: Uint8Array | null;
  location: string | null;
  manufacturer: string | null;
  model: string | null;
  isActive: boolean;
  isDemo: boolean;
  recordingEnabled: boolean;
  analyticsEnabled: boolean;
  lastProblem: string | null;
  lastProblemAt: Date | null;
  onvifUrl: string | null;
  onvifProfile: string | null;
  /** `auto`, `tcp` or `udp`. */
  rtspTransport: string;
  audioEnabled: boolean;
  vlan: string | null;
  firmwareVersion: string | null;
  serialNumber: string | null;
  hardwareId: string | null;
  assignments: unknown;
  /** See `TransportSecurity`. */
  transportSecurity: string;
  transportProbe: string | null;
  transportProbedAt: Date | null;
  /** Since when all that is of it is being removed. */
  erasedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
  deletedAt: Date | null;
}

/** What a caller may set; absent: as it is. */
export interface CameraFields {
  name?: string;
  description?: string | null;
  rtspUrl?: string;
  substreamUrl?: string | null;
  username?: string | null;
  location?: string | null;
  manufacturer?: string | null;
  model?: string | null;
  isActive?: boolean;
  recordingEnabled?: boolean;
  analyticsEnabled?: boolean;
  onvifUrl?: string | null;
  onvifProfile?: string | null;
  rtspTransport?: string;
  audioEnabled?: boolean;
  vlan?: string | null;
  firmwareVersion?: string | null;
  serialNumber?: string | null;
  hardwareId?: string | null;
  assignments?: readonly CameraAssignment[] | null;
  transportSecurity?: TransportSecurity;
}

export interface LastRecording {
  endsAt: Date;
}

/** Encrypts a password for the camera of this uuid; null takes it away. */
type SealPassword = (uuid: string) => Uint8Array<ArrayBuffer> | null;

/** @throws when cameras at the same address, which are probably the same device, forbid a write */
export type JudgeDuplicates = (duplicates: { id: number; name: string }[]) => void;

/** Not a frames name, so nobody has it, and the write lock lets one camera have it at a time. */
const nameWhileCreating = ':creating';

/** Rows of lists that have no pages. */
const camerasListedMax = 500;

/** Serialises writes that ask "is this address taken" first; any number that no one else locks. */
const writeLock = 72_707_402n;

@Injectable()
export class CamerasStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  async list(options: {
    scope: CameraScope;
    skip: number;
    limit: number;
    activeOnly: boolean;
  }): Promise<{ cameras: Camera[]; total: number }> {
    const where = { ...visibleCameras(options.scope), ...(options.activeOnly ? { isActive: true } : {}) };
    const [cameras, total] = await Promise.all([
      this.database.camera.findMany({ where, orderBy: { id: 'asc' }, skip: options.skip, take: options.limit }),
      this.database.camera.count({ where }),
    ]);
    return { cameras, total };
  }

  find(reference: CameraReference, scope: CameraScope): Promise<Camera | null> {
    const named = reference.kind === 'id' ? { id: reference.id } : { framesName: reference.framesName };
    return this.database.camera.findFirst({ where: { AND: [named, visibleCameras(scope)] } });
  }

  /** Cameras whose URL names this host, as a prefix of it: the caller looks closer. */
  listByUrlText(scope: CameraScope, text: string): Promise<Camera[]> {
    const where = { AND: [visibleCameras(scope), { rtspUrl: { contains: text, mode: 'insensitive' as const } }] };
    return this.database.camera.findMany({ where, orderBy: { id: 'asc' }, take: camerasListedMax });
  }

  /** Newest first. */
  listDeleted(): Promise<Camera[]> {
    return this.database.camera.findMany({
      where: { deletedAt: { not: null }, erasedAt: null },
      orderBy: [{ deletedAt: 'desc' }, { id: 'desc' }],
      take: camerasListedMax,
    });
  }

  /** A camera whether deleted or not; never one that is being erased. */
  async findEvenDeleted(reference: CameraReference): Promise<Camera | null> {
    return this.database.camera.findFirst({
      where: { ...(reference.kind === 'id' ? { id: reference.id } : { framesName: reference.framesName }), erasedAt: null },
    });
  }

  /**
   * Takes a deletion back; the camera stays switched off.
   * @throws AppError `conflict` when somebody else did, or began to erase it, since it was found; what `judgeDuplicates` throws
   */
  undelete(camera: Camera, options: { judgeDuplicates: JudgeDuplicates; writeEntry: WriteEntry }): Promise<Camera> {
    return this.writing(async (transaction) => {
      options.judgeDuplicates(await findDuplicates(transaction, { rtspUrl: camera.rtspUrl, exceptId: camera.id }));
      const deleted = { id: camera.id, deletedAt: { not: null }, erasedAt: null };
      if ((await transaction.camera.updateMany({ where: deleted, data: { deletedAt: null } })).count === 0)
        throw new AppError('conflict', 'the camera was restored or erased meanwhile');
      await options.writeEntry(transaction);
      return transaction.camera.findUniqueOrThrow({ where: { id: camera.id } });
    });
  }

  /** Remembers why a camera could not be had. Not a change of the camera: nobody is told, and a repeat is written once a minute. */
  async noteProblem(id: number, problem: string): Promise<void> {
    await this.database.$executeRaw`
      UPDATE nvr.camera SET last_problem = ${problem.slice(0, 200)}, last_problem_at = now()
      WHERE id = ${id} AND (last_problem IS DISTINCT FROM ${problem.slice(0, 200)} OR last_problem_at < now() - interval '1 minute')`;
  }

  /** Cameras that the recorder has to record now. */
  listRecorded(): Promise<Camera[]> {
    return this.database.camera.findMany({ where: { deletedAt: null, isActive: true, recordingEnabled: true }, orderBy: { id: 'asc' } });
  }

  listByIds(ids: readonly number[]): Promise<Camera[]> {
    return this.database.camera.findMany({ where: { id: { in: [...ids] } }, orderBy: { id: 'asc' } });
  }

  /** Also of a deleted camera: its recordings are still there. */
  async findIdByUuid(uuid: string): Promise<number | undefined> {
    return (await this.database.camera.findUnique({ where: { uuid }, select: { id: true } }))?.id;
  }

  async listIds(scope: CameraScope): Promise<number[]> {
    return (await this.database.camera.findMany({ where: visibleCameras(scope), select: { id: true } })).map(({ id }) => id);
  }

  /**
   * End of the segment of each camera that was recorded last, if it has one. After the clock was set back, what was recorded before
   * ends later than now, or at the same times as what is recorded now: of those, the row that was made last is the last.
   * @param options.presentUntil what ends later is from before such a step
   */
  async findLastRecordings(cameraIds: readonly number[], { presentUntil }: { presentUntil: Date }): Promise<Map<number, LastRecording>> {
    const rows = await this.database.$queryRaw<{ id: number; endsAt: Date }[]>`
      SELECT wanted.id, coalesce(newest.ends_at, ahead.ends_at) AS "endsAt"
      FROM unnest(${[...cameraIds]}::int[]) AS wanted(id)
      LEFT JOIN LATERAL (
        SELECT id, ends_at FROM nvr.segment
        WHERE camera_id = wanted.id AND ends_at > ${presentUntil}::timestamptz ORDER BY id DESC LIMIT 1) AS ahead ON true
      LEFT JOIN LATERAL (
        SELECT ends_at FROM nvr.segment
        WHERE camera_id = wanted.id AND ends_at <= ${presentUntil}::timestamptz AND id > coalesce(ahead.id, 0)
          -- Only then many rows are too old to be the one: of a day they are few.
          AND ends_at > CASE WHEN ahead.id IS NULL THEN '-infinity' ELSE ${presentUntil}::timestamptz - interval '1 day' END
        ORDER BY ends_at DESC LIMIT 1) AS newest ON true
      WHERE ahead.id IS NOT NULL OR newest.ends_at IS NOT NULL`;
    return new Map(rows.map(({ id, endsAt }) => [id, { endsAt }]));
  }

  /**
   * Creates a camera; without a frames name it gets `camera_<id>`.
   * @throws AppError `conflict` when the frames name is taken, or what `judgeDuplicates` throws
   */
  create(options: {
    fields: CameraFields & { name: string; rtspUrl: string };
    ownerId: number | null;
    framesName: string | undefined;
    sealPassword: SealPassword;
    judgeDuplicates: JudgeDuplicates;
    writeEntry: WriteEntry;
  }): Promise<Camera> {
    const { fields, ownerId, framesName, sealPassword, judgeDuplicates, writeEntry } = options;
    return this.writing(async (transaction) => {
      judgeDuplicates(await findDuplicates(transaction, { rtspUrl: fields.rtspUrl }));
      const { id, uuid } = await transaction.camera.create({
        data: { ...rowOf(fields), name: fields.name, rtspUrl: fields.rtspUrl, ownerId, framesName: framesName ?? nameWhileCreating },
      });
      await writeEntry(transaction, id);
      return transaction.camera.update({
        where: { id },
        data: { framesName: framesName ?? `camera_${id}`, encryptedPassword: sealPassword(uuid) },
      });
    });
  }

  /** Makes the camera of lost rows again, switched off. It keeps its frames name, unless that is taken or was made of an id: then of its new one. */
  restore(camera: { uuid: string; framesName: string; name: string; rtspUrl: string }): Promise<Camera> {
    const { framesName, ...rest } = camera;
    return this.writing(async (transaction) => {
      const isKept = !/^camera_\d+$/.test(framesName) && (await transaction.camera.count({ where: { framesName } })) === 0;
      const data = { ...rest, framesName: nameWhileCreating, isActive: false, recordingEnabled: false };
      const { id } = await transaction.camera.create({ data });
      return transaction.camera.update({ where: { id }, data: { framesName: isKept ? framesName : `camera_${id}` } });
    });
  }

  /** `encryptedPassword` undefined: as it is. @throws AppError `not_found` for one that was deleted meanwhile; what `judgeDuplicates` throws */
  update(
    id: number,
    options: {
      fields: CameraFields;
      encryptedPassword: Uint8Array<ArrayBuffer> | null | undefined;
      judgeDuplicates: JudgeDuplicates;
      writeEntry: WriteEntry;
    },
  ): Promise<Camera> {
    const { fields, encryptedPassword, judgeDuplicates, writeEntry } = options;
    return this.writing(async (transaction) => {
      if (fields.rtspUrl !== undefined) judgeDuplicates(await findDuplicates(transaction, { rtspUrl: fields.rtspUrl, exceptId: id }));
      await lockLive(transaction, id);
      await writeEntry(transaction);
      const camera = await transaction.camera.update({
        where: { id },
        data: { ...rowOf(fields), ...(encryptedPassword === undefined ? {} : { encryptedPassword }) },
      });
      if (fields.analyticsEnabled !== undefined) await followCameras(transaction, id);
      return camera;
    });
  }

  /** What a probe of its transport found. Not a change of the camera. */
  async noteTransport(id: number, probe: string): Promise<void> {
    await this.database.$executeRaw`UPDATE nvr.camera SET transport_probe = ${probe}, transport_probed_at = now() WHERE id = ${id}`;
  }

  /** Recordings and events stay; the camera is gone from every list. @throws AppError `not_found` for one that was deleted meanwhile */
  async markDeleted(id: number, writeEntry: WriteEntry): Promise<void> {
    await this.database.$transaction(async (transaction) => {
      await lockLive(transaction, id);
      await transaction.camera.update({ where: { id }, data: { deletedAt: new Date(), isActive: false } });
      await writeEntry(transaction);
    });
  }

  private async writing<Result>(work: (transaction: Prisma.TransactionClient) => Promise<Result>): Promise<Result> {
    try {
      return await this.database.$transaction(async (transaction) => {
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${writeLock})`;
        return work(transaction);
      });
    } catch (error) {
      if (isUniqueViolation(error)) throw new AppError('conflict', 'another camera has this frames_name', { cause: error });
      throw error;
    }
  }
}

/** The camera was found before the transaction began: until its end nobody deletes it now. @throws AppError `not_found` */
async function lockLive(transaction: Prisma.TransactionClient, id: number): Promise<void> {
  const rows = await transaction.$queryRaw<unknown[]>`SELECT 1 FROM nvr.camera WHERE id = ${id} AND deleted_at IS NULL FOR UPDATE`;
  if (rows.length === 0) throw new AppError('not_found', 'Camera not found');
}

/** A JSON column has a null of its own. */
function rowOf({ assignments, ...fields }: CameraFields) {
  if (assignments === undefined) return fields;
  return { ...fields, assignments: assignments === null ? Prisma.DbNull : assignments.map((assignment) => ({ ...assignment })) };
}

function findDuplicates(
  transaction: Prisma.TransactionClient,
  options: { rtspUrl: string; exceptId?: number },
): Promise<{ id: number; name: string }[]> {
  const { rtspUrl, exceptId } = options;
  return transaction.camera.findMany({
    where: { rtspUrl, deletedAt: null, ...(exceptId === undefined ? {} : { id: { not: exceptId } }) },
    select: { id: true, name: true },
  });
}
