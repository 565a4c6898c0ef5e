import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { ApiConfig } from '../config.js';
import { scopes } from '../keys/api-keys.js';
import { CONFIG } from '../process-parts.js';
import { streamNameOf } from './gateway-tokens.js';
import { LiveTickets } from './live-tickets.js';
import { LiveViewService } from './live-view.service.js';

/** What OpenNVR's clients ask of the media server behind it. Here the NVR itself serves; a WebRTC gateway may stand beside it. */
@Controller('api/v1/cameras')
export class CameraStreamsController {
  constructor(
    private readonly cameras: CamerasService,
    private readonly liveView: LiveViewService,
    private readonly tickets: LiveTickets,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  @Get(':reference/stream/urls')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async urls(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<{ whep: string | null; hls: string }> {
    const principal = requirePrincipal(request);
    const { id } = await this.liveView.findCamera(principal, reference);
    const hls = `/api/v1/cameras/${id}/live/index.m3u8?ticket=${await this.tickets.issue(principal, id)}`;
    return { whep: this.gatewayUrl === undefined ? null : `${this.gatewayUrl}/${streamNameOf(id)}/whep`, hls };
  }

  /** A path is a camera: configured while it is switched on, active while it is known to send. */
  @Get(':reference/mediamtx-status')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async status(@Param('reference') reference: string, @Req() request: FastifyRequest) {
    const camera = await this.cameras.show(requirePrincipal(request), reference);
    return {
      camera_id: camera.id,
      path: streamNameOf(camera.id),
      path_configured: camera.is_active,
      path_active: camera.live_online === true,
      served_by: 'nightjar',
      webrtc_gateway: this.gatewayUrl !== undefined,
      reason: camera.status_reason,
    };
  }

  /** Nothing is to be provisioned, so that a client which does it first goes on. */
  @Post(':reference/provision-mediamtx')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async provision(@Param('reference') reference: string, @Req() request: FastifyRequest) {
    const { id } = await this.cameras.find(cameraScopeOf(requirePrincipal(request)), reference);
    return { camera_id: id, path: streamNameOf(id), provisioned: false, message: 'nothing to do: the NVR serves its cameras by itself' };
  }

  private get gatewayUrl(): string | undefined {
    return this.config.whepUrl?.replace(/\/+$/, '');
  }
}
