import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { AppError, hasErrorCode } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog } from '../audit/audit-log.js';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { ApiConfig } from '../config.js';
import { ownerOf } from '../playback/owner-of.js';
import { PlaybackTickets } from '../playback/playback-tickets.js';
import { CONFIG } from '../process-parts.js';
import type { ByteRange } from '../segments/parse-range-header.js';
import type { TimeRange } from '../segments/segments.service.js';
import { ExportFiles } from './export-files.js';
import { ExportRunner } from './export-runner.js';
import { isOver } from './export-state.js';
import { ExportsStore, type Export } from './exports.store.js';

/** A file that is ready, to be read from anywhere in it. */
interface ExportContent {
  sizeBytes: number;
  read: (bytes: ByteRange) => Readable;
  close: () => Promise<void>;
}

/** Decides whose exports are whose: only who asked for one sees it, and only while he may see its camera. */
@Injectable()
export class ExportsService {
  private readonly files: ExportFiles;

  constructor(
    private readonly store: ExportsStore,
    private readonly runner: ExportRunner,
    private readonly cameras: CamerasService,
    private readonly tickets: PlaybackTickets,
    private readonly audit: AuditLog,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {
    this.files = new ExportFiles(config.exports.directory);
  }

  /** @throws AppError `not_found`, `rate_limited`, `overloaded` */
  async add(
    principal: Principal,
    request: { reference: string; range: TimeRange; fileName: string | undefined },
    by: Actor,
  ): Promise<Export> {
    const { range, reference } = request;
    const owner = ownerOf(principal);
    const camera = await this.cameras.find(cameraScopeOf(principal), reference);
    const isoOf = (unixMs: number) => new Date(unixMs).toISOString();
    const details = { camera_id: camera.id, start: isoOf(range.fromUnixMs), end: isoOf(range.toUnixMs) };
    const row = {
      owner,
      userId: principal.kind === 'user' ? principal.userId : null,
      cameraId: camera.id,
      startUnixMs: range.fromUnixMs,
      endUnixMs: range.toUnixMs,
      fileName: request.fileName ?? `camera_${camera.id}_${Math.round(range.fromUnixMs)}.mp4`,
    };
    const added = await this.store.add(row, this.audit.entryOf(by, { action: 'export.made', entityType: 'export', details }));
    this.runner.wake();
    return added;
  }

  list(principal: Principal, page: { skip: number; limit: number }): Promise<{ found: Export[]; total: number }> {
    return this.store.list({ ...page, owner: ownerOf(principal), scope: cameraScopeOf(principal) });
  }

  /** @throws AppError `not_found` */
  async find(principal: Principal, id: string): Promise<Export> {
    const found = await this.store.find(id, ownerOf(principal));
    if (!found) throw exportNotFound();
    await this.cameras.find(cameraScopeOf(principal), String(found.cameraId)).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'not_found' ? exportNotFound() : error;
    });
    return found;
  }

  /** @throws AppError `not_found`, `conflict` when it is over already */
  async cancel(principal: Principal, id: string): Promise<Export> {
    const found = await this.find(principal, id);
    if (!(await this.store.cancel(found.id, this.config.exports.keptMs))) throw new AppError('conflict', 'the export is over already');
    return this.find(principal, id);
  }

  /** Its file goes with it; one that is being made is left off. @throws AppError `not_found` */
  async remove(principal: Principal, id: string): Promise<void> {
    const { leaseId, state } = await this.find(principal, id);
    await this.store.remove(id);
    if (leaseId !== null && isOver(state)) await this.files.remove({ id, leaseId });
  }

  /** @throws AppError `not_found`, `conflict` when it is not ready, `permission_denied` for API keys, `rate_limited` */
  async issueTicket(principal: Principal, id: string): Promise<string> {
    const { cameraId, endUnixMs, fileName, startUnixMs } = mustBeReady(await this.find(principal, id));
    const range = { startsAt: new Date(startUnixMs), endsAt: new Date(endUnixMs) };
    return this.tickets.issueForDownload(principal, { cameraId, ...range, fileName, exportId: id });
  }

  /** The caller closes it. @throws AppError `not_found`, `conflict` when it is not ready */
  async openFile(found: Export): Promise<ExportContent> {
    const { id, leaseId } = mustBeReady(found);
    if (leaseId === null) throw exportNotFound();
    const handle = await open(this.files.pathOf({ id, leaseId }), 'r').catch((error: unknown) => {
      throw hasErrorCode(error, 'ENOENT') ? exportNotFound() : error;
    });
    const { size } = await handle.stat();
    return {
      sizeBytes: size,
      read: ({ first, last }) => handle.createReadStream({ start: first, end: last, autoClose: true }),
      close: () => handle.close(),
    };
  }
}

function mustBeReady(found: Export): Export {
  if (found.state !== 'ready') throw new AppError('conflict', `the export is ${found.state}`);
  return found;
}

function exportNotFound(): AppError {
  return new AppError('not_found', 'Export not found');
}
