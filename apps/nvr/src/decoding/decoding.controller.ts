import { Controller, Get, Param, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { CameraDecodeView } from '@nightjar/contracts';
import type { FastifyRequest } from 'fastify';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import { scopes } from '../keys/api-keys.js';
import { DecodeReports } from './decode-reports.js';

/** How much of a camera is decoded for analytics just now, and why. */
@Controller('api/v1/cameras')
export class DecodingController {
  constructor(
    private readonly cameras: CamerasService,
    private readonly reports: DecodeReports,
  ) {}

  @Get(':reference/decode')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async show(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<CameraDecodeView> {
    const camera = await this.cameras.find(cameraScopeOf(requirePrincipal(request)), reference);
    const told = this.reports.find(camera.id);
    if (told) return { camera_id: camera.id, agent_id: told.agentId, decoding: told.report, reason: null };
    return { camera_id: camera.id, agent_id: null, decoding: null, reason: whyNothing(camera) };
  }
}

function whyNothing(camera: { isActive: boolean; analyticsEnabled: boolean }): string {
  if (!camera.isActive) return 'the camera is switched off';
  return camera.analyticsEnabled ? 'no agent tells of this camera' : 'analytics are switched off for this camera';
}
