import { Controller, Get, Inject, Param, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import type { Camera } from '../cameras/cameras.store.js';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { scopes } from '../keys/api-keys.js';
import { GatewayTokens, gatewayTokenMinutes, streamNameOf } from './gateway-tokens.js';
import { liveTicketSeconds, LiveTickets } from './live-tickets.js';
import { LiveViewService } from './live-view.service.js';

/** Where the live video of a camera is found, for OpenNVR's clients. */
@Controller('api/v1/streams')
export class StreamAddressesController {
  constructor(
    private readonly liveView: LiveViewService,
    private readonly tickets: LiveTickets,
    private readonly tokens: GatewayTokens,
    @Inject(CONFIG) private readonly config: ApiConfig,
  ) {}

  /** All addresses of a camera. What needs a WebRTC gateway is null without one. */
  @Get(':reference/info')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async info(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    const principal = requirePrincipal(request);
    const camera = await this.liveView.findCamera(principal, reference);
    const { whepUrl } = this;
    return {
      stream_name: streamNameOf(camera.id),
      token: whepUrl === undefined ? null : await this.tokens.sign(principal, camera.id),
      expires_in_minutes: gatewayTokenMinutes,
      urls: {
        webrtc: whepUrl === undefined ? null : `${whepUrl}/${streamNameOf(camera.id)}/whep`,
        ...(whepUrl !== undefined && camera.substreamUrl !== null && { webrtc_sub: `${whepUrl}/${streamNameOf(camera.id)}-sub/whep` }),
        hls: playlistUrl(camera, await this.tickets.issue(principal, camera.id)),
        websocket: `/api/v1/cameras/${camera.id}/live`,
        mjpeg: `/api/v1/cameras/${camera.id}/live.mjpeg`,
        rtsps: null,
        rtsp: null,
        rtsp_disabled_reason: 'cameras are not handed out as RTSP',
        playback: `/api/v1/recordings/${camera.id}`,
      },
      camera: { id: camera.id, name: camera.name, location: camera.location, is_active: camera.isActive },
    };
  }

  /** Address and ticket of the live playlist. */
  @Get('hls/:reference')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async hls(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    const principal = requirePrincipal(request);
    const camera = await this.liveView.findCamera(principal, reference);
    const token = await this.tickets.issue(principal, camera.id);
    return {
      camera_id: camera.id,
      hls_url: playlistUrl(camera, token),
      token,
      token_type: 'ticket',
      expires_in_minutes: liveTicketSeconds / 60,
      stream_name: streamNameOf(camera.id),
    };
  }

  /** Where to send a WHEP offer, and the token for it. 501 without a WebRTC gateway. */
  @Get('webrtc/:reference')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async webRtc(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    const principal = requirePrincipal(request);
    const camera = await this.liveView.findCamera(principal, reference);
    const { whepUrl } = this;
    if (whepUrl === undefined) throw new AppError('not_implemented', 'there is no WebRTC gateway: NIGHTJAR_WHEP_URL is not set');
    return {
      camera_id: camera.id,
      whep_url: `${whepUrl}/${streamNameOf(camera.id)}/whep`,
      token: await this.tokens.sign(principal, camera.id),
      token_type: 'Bearer',
      stream_name: streamNameOf(camera.id),
      note: 'POST the SDP offer to whep_url with the token as Bearer',
    };
  }

  /** The token of a WebRTC gateway alone. 501 without one. */
  @Get('token/:reference')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async token(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<Record<string, unknown>> {
    const { camera_id, stream_name, token, token_type } = await this.webRtc(reference, request);
    return { camera_id, stream_name, token, token_type, expires_in_minutes: gatewayTokenMinutes };
  }

  /** No gateway has recordings: they are played here. */
  @Get('playback-token/:reference')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async playbackToken(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<never> {
    await this.liveView.findCamera(requirePrincipal(request), reference);
    throw new AppError(
      'not_implemented',
      'recordings are played by the NVR itself: POST /api/v1/recordings/ticket gives a ticket for a range',
    );
  }

  private get whepUrl(): string | undefined {
    return this.config.whepUrl?.replace(/\/+$/, '');
  }
}

function playlistUrl(camera: Camera, ticket: string): string {
  return `/api/v1/cameras/${camera.id}/live/index.m3u8?ticket=${ticket}`;
}
