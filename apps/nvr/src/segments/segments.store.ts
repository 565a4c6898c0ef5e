import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';
import type { RecordingTier } from './recording-tiers.js';

/** One recorded file as the database holds it. */
export interface Segment {
  id: number;
  cameraId: number;
  /** Relative to the directory of its tier; the same in all tiers. */
  file: string;
  /** Where it belongs. While it moves it is in both, and what moved may be found before its row says so. */
  tier: RecordingTier;
  startsAt: Date;
  endsAt: Date;
  /** Bytes that are on disk for certain; the file may have more. */
  sizeBytes: number;
  videoCodec: string;
  open: boolean;
}

/** What a recorder knows of a file that it writes. */
export type SegmentState = Omit<Segment, 'id'>;

/** No file is longer, whatever its key frames: lets the list use the index of starts. */
const segmentLongestMs = 24 * 3_600_000;

@Injectable()
export class SegmentsStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /** Segments that overlap `[from, to)`, oldest first. */
  async listOverlapping(cameraId: number, range: { from: Date; to: Date }): Promise<Segment[]> {
    const earliestStart = new Date(range.from.getTime() - segmentLongestMs);
    const rows = await this.database.segment.findMany({
      where: { cameraId, expiredAt: null, startsAt: { gt: earliestStart, lt: range.to }, endsAt: { gt: range.from } },
      orderBy: [{ startsAt: 'asc' }, { id: 'asc' }],
    });
    return rows.map(segmentOf);
  }

  /** The row that was made last of those that end after `time`; 0 without one. */
  async lastIdEndingAfter(cameraId: number, time: Date): Promise<number> {
    const { _max } = await this.database.segment.aggregate({ where: { cameraId, endsAt: { gt: time } }, _max: { id: true } });
    return Number(_max.id ?? 0);
  }

  /** @returns undefined also for one that expired */
  async find(id: number): Promise<Segment | undefined> {
    const row = await this.database.segment.findUnique({ where: { id, expiredAt: null } });
    return row ? segmentOf(row) : undefined;
  }

  async listOpen(): Promise<Segment[]> {
    return (await this.database.segment.findMany({ where: { open: true } })).map(segmentOf);
  }

  /** A page of those that are no more written and have not expired, by id. */
  async listClosed(page: { afterId: number; limit: number }): Promise<Segment[]> {
    const where = { open: false, expiredAt: null, id: { gt: page.afterId } };
    return (await this.database.segment.findMany({ where, orderBy: { id: 'asc' }, take: page.limit })).map(segmentOf);
  }

  count(tier: RecordingTier): Promise<number> {
    return this.database.segment.count({ where: { tier } });
  }

  /** Closed ones that have not expired and are still where they were recorded, oldest first. @param query.after behind this one */
  async listOnFast(query: { endedBefore: Date; after?: Pick<Segment, 'id' | 'startsAt'> | undefined; limit: number }): Promise<Segment[]> {
    const { after, endedBefore } = query;
    const behind = after && [{ startsAt: { gt: after.startsAt } }, { startsAt: after.startsAt, id: { gt: after.id } }];
    const where = { tier: 'fast', open: false, expiredAt: null, endsAt: { lt: endedBefore }, ...(behind && { OR: behind }) };
    const rows = await this.database.segment.findMany({ where, orderBy: [{ startsAt: 'asc' }, { id: 'asc' }], take: query.limit });
    return rows.map(segmentOf);
  }

  /**
   * Decides where a closed file belongs while nobody else can: looks at the copies, and may remove one that is too many.
   * @param decide must be quick: the row is locked. Undefined: it stays where it belongs
   * @returns where it belongs now; undefined when it is open, expired or gone, and `decide` was not asked
   */
  async settleTier(file: string, decide: (segment: Segment) => Promise<RecordingTier | undefined>): Promise<RecordingTier | undefined> {
    return this.database.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT 1 FROM nvr.segment WHERE file = ${file} FOR UPDATE`;
      const row = await transaction.segment.findUnique({ where: { file, open: false, expiredAt: null } });
      if (!row) return undefined;
      const segment = segmentOf(row);
      const tier = (await decide(segment)) ?? segment.tier;
      if (tier !== segment.tier) await transaction.segment.update({ where: { id: row.id }, data: { tier } });
      return tier;
    });
  }

  /** Gives segments to the camera whose uuid stands in the name of their file. @returns how many had another one */
  reattachByFile(): Promise<number> {
    return this.database.$executeRaw`
      UPDATE nvr.segment SET camera_id = camera.id
      FROM nvr.camera
      WHERE camera.uuid::text = split_part(segment.file, '/', 1) AND segment.camera_id <> camera.id`;
  }

  /** Those that have not expired. */
  async presentIds(ids: readonly number[]): Promise<Set<number>> {
    const rows = await this.database.segment.findMany({ where: { id: { in: [...ids] }, expiredAt: null }, select: { id: true } });
    return new Set(rows.map(({ id }) => Number(id)));
  }

  /** Where those of these files belong that have a row. */
  async tiersOfFiles(files: readonly string[]): Promise<Map<string, RecordingTier>> {
    const rows = await this.database.segment.findMany({ where: { file: { in: [...files] } }, select: { file: true, tier: true } });
    return new Map(rows.map(({ file, tier }) => [file, tierOf(tier)]));
  }

  /** Writes what is on disk now; a row that is there already grows. */
  put(segment: SegmentState): Promise<void> {
    return this.putAll([segment]);
  }

  /** Writes what is on disk now of several files, each of them once, in one statement: all of them or, when it fails, none. */
  async putAll(segments: readonly SegmentState[]): Promise<void> {
    const states = JSON.stringify(segments);
    await this.database.$executeRaw`
      WITH state AS (
        SELECT * FROM json_to_recordset(${states}::json) AS state (
          "cameraId" int, file text, tier text, "startsAt" timestamptz, "endsAt" timestamptz, "sizeBytes" bigint, "videoCodec" text, open boolean
        )
      ), grown AS (
        UPDATE nvr.segment
        SET starts_at = state."startsAt", ends_at = state."endsAt", size_bytes = state."sizeBytes", open = state.open
        FROM state WHERE segment.file = state.file
        RETURNING segment.file
      )
      INSERT INTO nvr.segment (camera_id, file, tier, starts_at, ends_at, size_bytes, video_codec, open)
      SELECT "cameraId", file, tier, "startsAt", "endsAt", "sizeBytes", "videoCodec", open
      FROM state WHERE file NOT IN (SELECT file FROM grown)
      ON CONFLICT (file) DO NOTHING`;
  }

  async remove(id: number): Promise<void> {
    await this.database.segment.deleteMany({ where: { id } });
  }
}

type SegmentRow = Awaited<ReturnType<NvrDatabase['segment']['findUniqueOrThrow']>>;

function segmentOf({ id, sizeBytes, cameraId, endsAt, file, open, startsAt, tier, videoCodec }: SegmentRow): Segment {
  return { id: Number(id), sizeBytes: Number(sizeBytes), tier: tierOf(tier), cameraId, endsAt, file, open, startsAt, videoCodec };
}

/** The column has a check. */
function tierOf(text: string): RecordingTier {
  return text === 'archive' ? 'archive' : 'fast';
}
