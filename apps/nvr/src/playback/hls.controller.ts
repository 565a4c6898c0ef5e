import { Readable } from 'node:stream';
import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { Instant, withForwardInstants } from '../segments/instant-query.js';
import { ClipsService } from './clips.service.js';
import { renderPlaylist } from './hls-playlist.js';
import { PlaybackSessionsService, sessionLifeMs, type StartedSession } from './playback-sessions.service.js';
import type { PlaybackSession } from './playback-sessions.store.js';
import { sendBytes } from './send-bytes.js';

const windowMsMax = 4 * 3_600_000;
export const SessionQuery = withForwardInstants(z.object({ camera_id: CameraReferenceText, start: Instant, end: Instant }), windowMsMax);
const SessionId = z.uuid();
const base = '/api/v1/recordings/playback/hls';

/** What the routes of a session serve. */
type SessionPart = { kind: 'playlist' } | { kind: 'init' | 'segment'; number: number } | { kind: 'whole' };

/** Recorded video for players of HLS. The routes below a session are among `playbackTicketRoutes`. */
@Controller('api/v1/recordings/playback/hls')
export class HlsController {
  constructor(
    private readonly sessions: PlaybackSessionsService,
    private readonly clips: ClipsService,
  ) {}

  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async start(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { camera_id, end, start } = parseInput(SessionQuery, query, 'query');
    const range = { fromUnixMs: start, toUnixMs: end };
    return sessionView(await this.sessions.start(requirePrincipal(request), { reference: camera_id, range }));
  }

  @Get(':session/:file')
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async part(
    @Param('session') id: string,
    @Param('file') file: string,
    @Query('ticket') ticket: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const session = await this.findSession(request, id);
    const part = parsePart(file);
    if (part.kind === 'playlist') {
      const query = typeof ticket === 'string' ? `?ticket=${encodeURIComponent(ticket)}` : '';
      const playlist = renderPlaylist(await this.sessions.plan(session), { query, startUnixMs: session.startUnixMs });
      return reply.type('application/vnd.apple.mpegurl').send(playlist);
    }
    if (part.kind === 'init') return this.sendInit(request, reply, { session, fileNumber: part.number });
    const layout = part.kind === 'whole' ? await this.sessions.layOutAll(session) : await this.sessions.layOutSegment(session, part.number);
    await sendBytes(request, reply, {
      ...layout,
      contentType: 'video/mp4',
      disposition: { kind: 'inline', fileName: file },
      read: (bytes) => this.clips.read(layout, bytes),
    });
  }

  @Delete(':session')
  @HttpCode(204)
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings })
  async end(@Param('session') id: string, @Req() request: FastifyRequest): Promise<void> {
    await this.sessions.remove(await this.findSession(request, id));
  }

  private findSession(request: FastifyRequest, id: string): Promise<PlaybackSession> {
    if (!SessionId.safeParse(id).success) throw new AppError('not_found', 'Playback session not found');
    return this.sessions.find(requirePrincipal(request), id);
  }

  private async sendInit(
    request: FastifyRequest,
    reply: FastifyReply,
    { fileNumber, session }: { session: PlaybackSession; fileNumber: number },
  ): Promise<void> {
    const init = await this.sessions.readInit(session, fileNumber);
    await sendBytes(request, reply, {
      sizeBytes: init.length,
      etag: `"${session.id}-${fileNumber}"`,
      contentType: 'video/mp4',
      disposition: { kind: 'inline', fileName: 'init.mp4' },
      read: ({ first, last }) => Readable.from([init.subarray(first, last + 1)]),
    });
  }
}

function parsePart(file: string): SessionPart {
  if (file === 'index.m3u8') return { kind: 'playlist' };
  if (file === 'browser.mp4') return { kind: 'whole' };
  if (file === 'init.mp4') return { kind: 'init', number: 0 };
  const [, init, segment] = /^(?:init-(\d{1,9})\.mp4|segment-(\d{1,9})\.m4s)$/.exec(file) ?? [];
  if (init !== undefined) return { kind: 'init', number: Number(init) };
  if (segment !== undefined) return { kind: 'segment', number: Number(segment) };
  throw new AppError('not_found', 'Segment not found');
}

function sessionView({ camera, isOneFormat, segments, session, ticket, videoCodec }: StartedSession) {
  const { endUnixMs, id, startUnixMs } = session;
  const query = ticket === undefined ? '' : `?ticket=${ticket}`;
  const firstUnixMs = segments[0]?.startUnixMs ?? startUnixMs;
  return {
    session_id: id,
    manifest_url: `${base}/${id}/index.m3u8${query}`,
    browser_mp4_url: isOneFormat ? `${base}/${id}/browser.mp4${query}` : null,
    video_codec: videoCodec,
    needs_remux: false,
    /** Where in both of them the wanted begin is: they start with a key frame before it. */
    file_offset_seconds: Math.max(0, (startUnixMs - firstUnixMs) / 1_000),
    camera_id: camera.id,
    camera_name: camera.name,
    start: new Date(startUnixMs).toISOString(),
    end: new Date(endUnixMs).toISOString(),
    duration: (endUnixMs - startUnixMs) / 1_000,
    segment_count: segments.length,
    expires_in_seconds: sessionLifeMs / 1_000,
  };
}
