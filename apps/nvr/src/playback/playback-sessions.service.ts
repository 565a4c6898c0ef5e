import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { Camera } from '../cameras/cameras.store.js';
import { CLOCK } from '../process-parts.js';
import type { TimeRange } from '../segments/segments.service.js';
import { SegmentsStore } from '../segments/segments.store.js';
import { chooseFragments, layOutClip, type ClipLayout, type ClipSource } from './clip-layout.js';
import { mustHaveOneFormat, sourcesOf } from './clips.service.js';
import { layOutSegment, placeOfSegment, planPlaylist, segmentsOfFile, type HlsSegment, type SessionSource } from './hls-playlist.js';
import { ownerOf } from './owner-of.js';
import { PlaybackSessionsStore, type PlaybackSession, type SessionFile } from './playback-sessions.store.js';
import { PlaybackTickets } from './playback-tickets.js';
import { SegmentIndexes } from './segment-indexes.js';

export const sessionLifeMs = 7_200_000;

/** A session that has just begun. */
export interface StartedSession {
  session: PlaybackSession;
  camera: Camera;
  /** Undefined for API keys. */
  ticket: string | undefined;
  segments: HlsSegment[];
  videoCodec: string;
  /** Whether one MP4 can hold all of it. */
  isOneFormat: boolean;
}

/**
 * Playing a range of time as HLS. What a session is made of stands in its row, so that every process gives the same bytes for the
 * same name; who may see the camera is asked for each of them.
 */
@Injectable()
export class PlaybackSessionsService {
  constructor(
    private readonly store: PlaybackSessionsStore,
    private readonly segments: SegmentsStore,
    private readonly indexes: SegmentIndexes,
    private readonly cameras: CamerasService,
    private readonly tickets: PlaybackTickets,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError `not_found` for the camera, or when nothing is recorded there */
  async start(principal: Principal, request: { reference: string; range: TimeRange }): Promise<StartedSession> {
    const { range, reference } = request;
    const owner = ownerOf(principal);
    const camera = await this.cameras.find(cameraScopeOf(principal), reference);
    const recorded = await this.segments.listOverlapping(camera.id, { from: new Date(range.fromUnixMs), to: new Date(range.toUnixMs) });
    const sources = withTimeline(sourcesOf(recorded, await this.indexes.read(recorded)), range);
    const segments = planPlaylist(sources, range);
    const [first] = sources;
    if (!first || segments.length === 0) throw new AppError('not_found', 'nothing is recorded in this range');
    const sizes = new Map(recorded.map(({ id, sizeBytes }) => [id, sizeBytes]));
    const files = sources.map(({ file, segmentId, startUnixMs, timelineMs }): SessionFile => {
      return { id: segmentId, file, startUnixMs, timelineMs, sizeBytes: sizes.get(segmentId) ?? 0 };
    });
    const times = { startUnixMs: range.fromUnixMs, endUnixMs: range.toUnixMs, expiresUnixMs: this.clock.wallMs() + sessionLifeMs };
    const session = { id: randomUUID(), owner, cameraId: camera.id, files, ...times };
    const ticket = await this.tickets.makeForSession(principal);
    await this.store.create(session, ticket);
    const { format } = first.index;
    const isOneFormat = sources.every(({ index }) => index.format === format);
    return { session, camera, ticket: ticket?.ticket, segments, videoCodec: format.split(' ')[0] ?? '', isOneFormat };
  }

  /** The caller's own session, of a camera that he still may see. @throws AppError `not_found` */
  async find(principal: Principal, id: string): Promise<PlaybackSession> {
    const session = await this.store.find(id, ownerOf(principal));
    if (!session) throw sessionNotFound();
    await this.cameras.find(cameraScopeOf(principal), String(session.cameraId));
    const nowMs = this.clock.wallMs();
    // One that is played goes on.
    if (session.expiresUnixMs - nowMs < sessionLifeMs / 2) await this.store.extend(id, nowMs + sessionLifeMs);
    return session;
  }

  /** What of the session is still there. @throws AppError `not_found` */
  async plan(session: PlaybackSession): Promise<HlsSegment[]> {
    const sources = await this.readSources(session);
    return planPlaylist(sources, rangeOf(session));
  }

  /** @throws AppError `not_found` when there is no such segment or its file has gone */
  async layOutSegment(session: PlaybackSession, number: number): Promise<ClipLayout> {
    const { fileNumber, position } = placeOfSegment(number);
    const source = await this.readSource(session, fileNumber);
    const segment = segmentsOfFile(source, fileNumber, rangeOf(session))[position];
    if (!segment) throw segmentNotFound();
    return layOutSegment(segment);
  }

  /** What a player needs before the segments of a file. @throws AppError `not_found` */
  async readInit(session: PlaybackSession, fileNumber: number): Promise<Buffer> {
    return (await this.readSource(session, fileNumber)).index.init;
  }

  /** All of the session as one MP4. @throws AppError `not_found`, `conflict` when the picture changed in between */
  async layOutAll(session: PlaybackSession): Promise<ClipLayout> {
    const sources = (await this.readSources(session)).filter((source) => source !== undefined);
    mustHaveOneFormat(sources);
    return layOutClip(sources, rangeOf(session));
  }

  remove(session: PlaybackSession): Promise<void> {
    return this.store.remove(session.id);
  }

  private async readSource(session: PlaybackSession, fileNumber: number): Promise<SessionSource> {
    const file = session.files[fileNumber];
    const row = file && (await this.segments.find(file.id));
    if (!row || !file) throw segmentNotFound();
    const [index] = await this.indexes.read([file]);
    if (!index) throw segmentNotFound();
    return { ...file, segmentId: file.id, index };
  }

  private async readSources({ files }: PlaybackSession): Promise<(SessionSource | undefined)[]> {
    const present = await this.segments.presentIds(files.map(({ id }) => id));
    const there = files.filter(({ id }) => present.has(id));
    const indexes = await this.indexes.read(there);
    const byId = new Map(there.map(({ id }, position) => [id, indexes[position]]));
    return files.map((file) => {
      const index = byId.get(file.id);
      return index && { ...file, segmentId: file.id, index };
    });
  }
}

/** When each file is shown: gaps last as long as they did, and where a clock went back one file comes after the other. */
function withTimeline(sources: readonly ClipSource[], range: TimeRange): SessionSource[] {
  const placed: SessionSource[] = [];
  let beginMs: number | undefined;
  let endMs = 0;
  for (const source of sources) {
    const { index, startUnixMs } = source;
    const chosen = chooseFragments(index, { fromMs: range.fromUnixMs - startUnixMs, toMs: range.toUnixMs - startUnixMs });
    const [first, last] = [chosen[0], chosen.at(-1)];
    if (!first || !last) continue;
    const msOf = (ticks: number) => (ticks * 1_000) / index.timescale;
    const shownMs = Math.max(endMs, startUnixMs + msOf(first.startTicks));
    beginMs ??= shownMs;
    placed.push({ ...source, timelineMs: Math.round(shownMs - beginMs) });
    endMs = shownMs + msOf(last.endTicks - first.startTicks);
  }
  return placed;
}

function rangeOf({ endUnixMs, startUnixMs }: PlaybackSession): TimeRange {
  return { fromUnixMs: startUnixMs, toUnixMs: endUnixMs };
}

function sessionNotFound(): AppError {
  return new AppError('not_found', 'Playback session not found');
}

function segmentNotFound(): AppError {
  return new AppError('not_found', 'Segment not found');
}
