import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import { scopes } from '../keys/api-keys.js';
import { NewestPictures } from './newest-pictures.js';

/** Beside the other routes of a camera; here because a camera that nobody analyses has its picture in its recording. */
@Controller('api/v1/cameras')
export class SnapshotController {
  constructor(
    private readonly cameras: CamerasService,
    private readonly pictures: NewestPictures,
  ) {}

  /** The newest picture; 503 with the reason while there is none that is younger than 30 s. */
  @Get(':reference/snapshot')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async snapshot(
    @Param('reference') reference: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const camera = await this.cameras.find(cameraScopeOf(requirePrincipal(request)), reference);
    const { bytes, takenUnixMs } = await this.pictures.read(camera).catch(async (error: unknown) => {
      throw await this.cameras.withReason(camera, error);
    });
    void reply.type('image/jpeg').header('Last-Modified', new Date(takenUnixMs).toUTCString());
    return bytes;
  }
}
