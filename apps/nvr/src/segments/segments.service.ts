import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import type { ClipView } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { holderOf } from '../auth/ticket-holder.js';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { NvrConfig } from '../config.js';
import { namesEtag } from '../http/names-etag.js';
import { CONFIG } from '../process-parts.js';
import { UsersStore } from '../users/users.store.js';
import { clipView } from './clip-view.js';
import { labelledContent } from './labelled-content.js';
import { openRecording } from './locate-recording.js';
import { parseRangeHeader, type ByteRange } from './parse-range-header.js';
import { RecordingTickets, type Ticket } from './recording-tickets.js';
import { SegmentsStore, type Segment } from './segments.store.js';
import { snapshotEtag, snapshotSizeOf } from './snapshot-etag.js';

/** A range of time in Unix ms; `to` is not part of it. */
export interface TimeRange {
  fromUnixMs: number;
  toUnixMs: number;
}

/** What a caller says of the bytes that it wants, and of those that it has. */
type FileHeaders = Record<'range' | 'ifRange' | 'ifNoneMatch', string | undefined>;

/** What goes out for one request of a file. */
interface ServedFile {
  segment: Segment;
  etag: string;
  /** Length of the file as this caller knows it. */
  sizeBytes: number;
  /** Undefined: all of it. */
  range: ByteRange | 'unsatisfiable' | undefined;
  content: Readable | undefined;
  /** Whether the caller has these bytes: nothing was opened. */
  isKnown: boolean;
}

@Injectable()
export class SegmentsService {
  constructor(
    private readonly store: SegmentsStore,
    private readonly cameras: CamerasService,
    private readonly tickets: RecordingTickets,
    private readonly users: UsersStore,
    @Inject(CONFIG) private readonly config: NvrConfig,
  ) {}

  /** Clips that overlap the range, oldest first. @throws AppError `not_found` */
  async listClips(principal: Principal, request: { reference: string; range: TimeRange }): Promise<ClipView[]> {
    const camera = await this.cameras.find(cameraScopeOf(principal), request.reference);
    const { fromUnixMs, toUnixMs } = request.range;
    return (await this.store.listOverlapping(camera.id, { from: new Date(fromUnixMs), to: new Date(toUnixMs) })).map(clipView);
  }

  /** @throws AppError `not_found`, `permission_denied` for a caller that is no user */
  async issueTicket(principal: Principal, request: { reference: string; range: TimeRange }): Promise<string> {
    const camera = await this.cameras.find(cameraScopeOf(principal), request.reference);
    const { sessionId, tokenVersion, userId } = await holderOf(principal, this.users);
    return this.tickets.issue({
      cameraId: camera.id,
      userId,
      tokenVersion,
      ...(sessionId !== undefined && { sessionId }),
      ...request.range,
    });
  }

  /**
   * Opens a recorded file up to what is synced. `grant` is of the ticket that the caller came with, if any.
   * @throws AppError `not_found`: no such segment, not yours, outside of the ticket, or its file is gone
   */
  async openFile(
    principal: Principal,
    request: { segmentId: number; grant: Ticket | undefined; headers: FileHeaders; headOnly: boolean },
  ): Promise<ServedFile> {
    const { headers } = request;
    const segment = await this.store.find(request.segmentId);
    if (!segment || !(await this.mayPlay(principal, request.grant, segment))) throw clipNotFound();
    const snapshot = headers.ifRange === undefined ? segment.sizeBytes : snapshotSizeOf(headers.ifRange, segment);
    const sizeBytes = snapshot ?? segment.sizeBytes;
    const etag = snapshotEtag(segment.id, sizeBytes);
    if (namesEtag(headers.ifNoneMatch, etag)) return { segment, etag, sizeBytes, range: undefined, content: undefined, isKnown: true };
    const range = snapshot === undefined ? undefined : parseRangeHeader(headers.range, sizeBytes);
    const { first, last } = range === undefined || range === 'unsatisfiable' ? { first: 0, last: sizeBytes - 1 } : range;
    // Fastify would read a real file to its end only to throw it away.
    const content = request.headOnly
      ? Readable.from([])
      : range === 'unsatisfiable'
        ? undefined
        : await this.openContent(segment, { first, last });
    return { segment, etag, sizeBytes, range, content, isKnown: false };
  }

  private async mayPlay(principal: Principal, grant: Ticket | undefined, segment: Segment): Promise<boolean> {
    if (grant && !covers(grant, segment)) return false;
    return this.cameras.find(cameraScopeOf(principal), String(segment.cameraId)).then(
      () => true,
      (error: unknown) => {
        if (error instanceof AppError && error.code === 'not_found') return false;
        throw error;
      },
    );
  }

  private async openContent({ file, videoCodec }: Segment, bytes: ByteRange): Promise<Readable> {
    const handle = await openRecording(this.config, file);
    if (!handle) throw clipNotFound();
    if (videoCodec === 'hevc') return labelledContent(handle, bytes);
    return createReadStream('', { fd: handle, start: bytes.first, end: bytes.last, autoClose: true });
  }
}

function covers(ticket: Ticket, segment: Segment): boolean {
  return (
    ticket.cameraId === segment.cameraId && segment.startsAt.getTime() < ticket.toUnixMs && segment.endsAt.getTime() > ticket.fromUnixMs
  );
}

function clipNotFound(): AppError {
  return new AppError('not_found', 'Recording not found');
}
