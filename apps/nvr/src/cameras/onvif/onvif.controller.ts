import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../../http/parse-input.js';
import { untilGone } from '../../http/until-gone.js';
import { CamerasService } from '../cameras.service.js';
import { scopes } from '../../keys/api-keys.js';
import { OnvifService } from './onvif.service.js';

export const DeviceAddress = z.strictObject({
  onvif_url: z.string().min(1).max(500),
  username: z.string().min(1).max(100).nullish(),
  password: z.string().max(256).nullish(),
});
const speed = z.coerce.number().min(-1).max(1).default(0);
export const Velocity = z.object({ x: speed, y: speed, z: speed });

@Controller('api/v1/cameras')
export class OnvifController {
  constructor(
    private readonly cameras: CamerasService,
    private readonly onvif: OnvifService,
  ) {}

  /** Takes three seconds. */
  @Post('discover')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  async discover(@Res({ passthrough: true }) reply: FastifyReply) {
    const devices = await this.onvif.discover(untilGone(reply));
    return { devices: devices.map(({ onvifUrl, ...rest }) => ({ ...rest, onvif_url: onvifUrl })) };
  }

  /** What a camera would be saved with: its largest picture as `rtsp_url`, its smallest as `substream_url`. */
  @Post('profiles')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  async profiles(@Body() body: unknown, @Res({ passthrough: true }) reply: FastifyReply) {
    const { onvif_url: url, password, username } = parseInput(DeviceAddress, body, 'body');
    const credentials = username == null ? undefined : { username, password: password ?? '' };
    const { canMove, manufacturer, model, profiles } = await this.onvif.describe({ url, credentials }, untilGone(reply));
    const usable = profiles.filter(({ rtspUrl }) => rtspUrl !== null);
    const main = usable[0];
    const sub = usable.length > 1 ? usable.at(-1) : undefined;
    return {
      manufacturer,
      model,
      can_move: canMove,
      rtsp_url: main?.rtspUrl ?? null,
      substream_url: sub?.rtspUrl ?? null,
      onvif_profile: main?.token ?? null,
      profiles: profiles.map(({ rtspUrl, streamUrl: _asGiven, ...rest }) => ({ ...rest, rtsp_url: rtspUrl })),
    };
  }

  /** What a saved camera says of itself. No addresses: those are for admins. */
  @Get(':reference/capabilities')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async capabilities(
    @Param('reference') reference: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const camera = await this.cameras.findManaged(requirePrincipal(request), reference);
    const { canMove, manufacturer, model, profiles } = await this.onvif.describeSaved(camera, untilGone(reply));
    return {
      camera_id: camera.id,
      manufacturer,
      model,
      ptz: canMove,
      profiles: profiles.map(({ codec, height, name, token, width }) => ({ token, name, codec, width, height })),
    };
  }

  @Post(':reference/ptz/move')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async move(
    @Param('reference') reference: string,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ message: string }> {
    const velocity = parseInput(Velocity, query, 'query');
    await this.onvif.move(await this.cameras.findManaged(requirePrincipal(request), reference), velocity, untilGone(reply));
    return { message: 'Moving' };
  }

  @Post(':reference/ptz/stop')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async stop(
    @Param('reference') reference: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<{ message: string }> {
    await this.onvif.stop(await this.cameras.findManaged(requirePrincipal(request), reference), untilGone(reply));
    return { message: 'Stopped' };
  }
}
