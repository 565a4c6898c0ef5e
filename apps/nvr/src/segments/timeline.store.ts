import { Inject, Injectable } from '@nestjs/common';
import type { NvrDatabase } from '@nightjar/database';
import { DATABASE } from '../process-parts.js';
import { joinedMs } from './merge-spans.js';
import type { ZonedDay } from './zoned-days.js';

/** What is recorded of a camera on one day. A file counts on both days that it reaches into. */
export interface RecordedDay {
  cameraId: number;
  date: string;
  clips: number;
  durationSeconds: number;
  firstUnixMs: number;
}

/** A stretch of one camera without a gap that anybody would see. */
export interface RecordedStretch {
  cameraId: number;
  fromUnixMs: number;
  toUnixMs: number;
  clips: number;
  bytes: number;
  /** Its last file is still being written. */
  isLive: boolean;
}

/** All that is recorded of one camera. */
export interface RecordedCamera {
  cameraId: number;
  firstUnixMs: number;
  lastUnixMs: number;
  clips: number;
  bytes: number;
}

/** No file is longer, whatever its key frames. */
const segmentLongestMs = 24 * 3_600_000;

@Injectable()
export class TimelineStore {
  constructor(@Inject(DATABASE) private readonly database: NvrDatabase) {}

  /**
   * Days on which these cameras were recorded, oldest first.
   * @param days that follow each other without a gap, oldest first
   */
  async recordedDays(cameraIds: readonly number[], days: readonly ZonedDay[]): Promise<RecordedDay[]> {
    const [first, last] = [days[0], days.at(-1)];
    if (!first || !last || cameraIds.length === 0) return [];
    // `edges[n]` to `edges[n + 1]` is day n; SQL counts from 1.
    const edges = [...days.map(({ fromUnixMs }) => new Date(fromUnixMs)), new Date(last.toUnixMs)];
    const [from, to, earliestStart] = [first.fromUnixMs, last.toUnixMs, first.fromUnixMs - segmentLongestMs].map((ms) => new Date(ms));
    const rows = await this.database.$queryRaw<{ cameraId: number; day: number; clips: bigint; seconds: number; first: Date }[]>`
      SELECT camera_id AS "cameraId", day, count(*) AS clips, min(greatest(starts_at, edges[day])) AS first,
        sum(extract(epoch FROM least(ends_at, edges[day + 1]) - greatest(starts_at, edges[day])))::float8 AS seconds
      FROM (SELECT ${edges}::timestamptz[] AS edges) AS calendar,
        LATERAL (
          SELECT camera_id, starts_at, ends_at, greatest(1, width_bucket(starts_at, edges)) AS first_day,
            least(${days.length}::int, width_bucket(ends_at - interval '1 ms', edges)) AS last_day
          FROM nvr.segment
          WHERE camera_id = ANY(${[...cameraIds]}::int[]) AND expired_at IS NULL AND starts_at > ${earliestStart} AND starts_at < ${to} AND ends_at > ${from}
        ) AS clip,
        LATERAL generate_series(first_day, last_day) AS day
      GROUP BY camera_id, day ORDER BY camera_id, day`;
    return rows.map(({ cameraId, clips, day, first: firstStart, seconds }) => ({
      cameraId,
      date: days[day - 1]?.date ?? '',
      clips: Number(clips),
      durationSeconds: seconds,
      firstUnixMs: firstStart.getTime(),
    }));
  }

  /** What of a range is recorded without a gap, as far as it is in the range; files that meet within `joinedMs` are one. Newest first. */
  async stretches(
    cameraIds: readonly number[],
    query: { fromUnixMs: number; toUnixMs: number; limit: number },
  ): Promise<RecordedStretch[]> {
    const [from, to, earliestStart] = [query.fromUnixMs, query.toUnixMs, query.fromUnixMs - segmentLongestMs].map((ms) => new Date(ms));
    const rows = await this.database.$queryRaw<
      { cameraId: number; starts: Date; ends: Date; clips: bigint; bytes: bigint; isLive: boolean }[]
    >`
      SELECT camera_id AS "cameraId", greatest(min(starts_at), ${from}::timestamptz) AS starts, least(max(ends_at), ${to}::timestamptz) AS ends,
        count(*) AS clips, sum(size_bytes)::bigint AS bytes, bool_or(open) AS "isLive"
      FROM (
        SELECT *, count(*) FILTER (WHERE begins) OVER (PARTITION BY camera_id ORDER BY starts_at, id) AS stretch
        FROM (
          SELECT *, starts_at > max(ends_at) OVER (PARTITION BY camera_id ORDER BY starts_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
            + make_interval(secs => ${joinedMs / 1_000}::float8) AS begins
          FROM nvr.segment
          WHERE camera_id = ANY(${[...cameraIds]}::int[]) AND expired_at IS NULL AND starts_at > ${earliestStart} AND starts_at < ${to} AND ends_at > ${from}
        ) AS clip
      ) AS clip
      GROUP BY camera_id, stretch ORDER BY starts DESC, camera_id LIMIT ${query.limit}::int`;
    return rows.map(({ bytes, cameraId, clips, ends, isLive, starts }) => ({
      cameraId,
      fromUnixMs: starts.getTime(),
      toUnixMs: ends.getTime(),
      clips: Number(clips),
      bytes: Number(bytes),
      isLive,
    }));
  }

  /** Those of these cameras that have recordings, by id. */
  async recordedCameras(cameraIds: readonly number[]): Promise<RecordedCamera[]> {
    const groups = await this.database.segment.groupBy({
      by: ['cameraId'],
      where: { cameraId: { in: [...cameraIds] }, expiredAt: null },
      _sum: { sizeBytes: true },
      _count: true,
      _min: { startsAt: true },
      _max: { endsAt: true },
      orderBy: { cameraId: 'asc' },
    });
    return groups.map(({ _count, _max, _min, _sum, cameraId }) => ({
      cameraId,
      firstUnixMs: _min.startsAt?.getTime() ?? 0,
      lastUnixMs: _max.endsAt?.getTime() ?? 0,
      clips: _count,
      bytes: Number(_sum.sizeBytes ?? 0),
    }));
  }

  /** Totals of these cameras. */
  async totals(
    cameraIds: readonly number[],
  ): Promise<{ clips: number; bytes: number; durationSeconds: number; first: Date | null; last: Date | null }> {
    const [row] = await this.database.$queryRaw<
      { clips: bigint; bytes: bigint | null; seconds: number | null; first: Date | null; last: Date | null }[]
    >`
      SELECT count(*) AS clips, sum(size_bytes)::bigint AS bytes, sum(extract(epoch FROM ends_at - starts_at))::float8 AS seconds,
        min(starts_at) AS first, max(ends_at) AS last
      FROM nvr.segment WHERE camera_id = ANY(${[...cameraIds]}::int[]) AND expired_at IS NULL`;
    const { bytes = null, clips = 0n, first = null, last = null, seconds = null } = row ?? {};
    return { clips: Number(clips), bytes: Number(bytes ?? 0), durationSeconds: seconds ?? 0, first, last };
  }
}
