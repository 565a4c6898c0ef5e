import { Controller, Get, Query, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { scopes } from '../keys/api-keys.js';
import { CamerasService } from './cameras.service.js';

export const ConfigsQuery = z.object({
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

/** How cameras are read and recorded, as OpenNVR lists it apart from the cameras. It is changed with the camera. */
@Controller('api/v1/camera-config')
export class CameraConfigsController {
  constructor(private readonly cameras: CamerasService) {}

  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async list(@Query() query: unknown, @Req() request: FastifyRequest) {
    const { limit, skip } = parseInput(ConfigsQuery, query, 'query');
    const { cameras, total } = await this.cameras.list(requirePrincipal(request), { skip, limit, activeOnly: false });
    const configs = cameras.map((camera) => ({
      camera_id: camera.id,
      stream_protocol: camera.rtsp_url.startsWith('rtsps:') ? 'rtsps' : 'rtsp',
      source_url: camera.rtsp_url,
      recording_enabled: camera.recording_enabled,
      rtsp_transport: camera.rtsp_transport,
      transport_security: camera.transport_security,
      stream_active: camera.live_online === true,
      auto_restart: true,
    }));
    return { configs, total };
  }
}
