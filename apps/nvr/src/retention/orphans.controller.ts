import { Controller, Delete, Get, HttpCode, Post, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply } from 'fastify';
import { untilGone } from '../http/until-gone.js';
import { OrphanedRecordingsFinder } from './orphaned-recordings.js';

const command = 'run fsck with --restore-cameras on the machine of the recorder: it makes the camera again and attaches what it recorded';

/** Recordings on the disks whose camera the database lost. They are told here; `fsck` gives them their camera back. */
@Controller('api/v1/recordings/orphans')
export class OrphansController {
  constructor(private readonly finder: OrphanedRecordingsFinder) {}

  @Get()
  @Policy({ kind: 'superuser' })
  async list(@Res({ passthrough: true }) reply: FastifyReply) {
    const found = await this.finder.list(untilGone(reply));
    const orphans = found.map(({ cameraUuid, files, firstUnixMs, framesName, lastUnixMs, name, tiers }) => ({
      camera_uuid: cameraUuid,
      camera_name: name ?? null,
      frames_name: framesName ?? null,
      tiers,
      file_count: files,
      first_start: firstUnixMs === undefined ? null : new Date(firstUnixMs).toISOString(),
      last_start: lastUnixMs === undefined ? null : new Date(lastUnixMs).toISOString(),
    }));
    return { orphans, count: orphans.length };
  }

  /** A file belongs to the camera whose uuid stands in its path: nobody gives it to another one. */
  @Post('attach')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  attach(): never {
    throw new AppError('not_implemented', command);
  }

  @Delete()
  @Policy({ kind: 'superuser' })
  remove(): never {
    throw new AppError('not_implemented', 'recordings without a camera are removed by hand, or attached by fsck and then expire');
  }
}
