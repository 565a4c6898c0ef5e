import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { CameraAssignment, CameraTransport, FramesName, TransportSecurity, type CameraView } from '@nightjar/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { parseInput } from '../http/parse-input.js';
import { untilGone } from '../http/until-gone.js';
import { scopes } from '../keys/api-keys.js';
import { liveTicketSeconds, LiveTickets } from '../live-view/live-tickets.js';
import { cameraScopeOf } from './camera-scope.js';
import { CamerasService, definedOf, type CameraInput } from './cameras.service.js';
import { OnvifService } from './onvif/onvif.service.js';

const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
export const ListQuery = z.object({
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  active_only: flag.default(true),
});
export const WriteQuery = z.object({ force: flag.default(false) });

/** No control characters: names go to logs, files and terminals too. */
const shortText = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}]*$/u, 'must not have control characters');
const Device = {
  /** Of the camera. Where `rtsp_url` is named too, that one counts. */
  ip_address: z.union([z.ipv4(), z.ipv6()]).optional(),
  port: z.number().int().min(1).max(65_535).optional(),
};
export const CameraUpdate = z.strictObject({
  ...Device,
  name: shortText(100).optional(),
  description: z
    .string()
    .max(2_000)
    .regex(/^[^\0]*$/)
    .nullish(),
  rtsp_url: z.string().min(1).max(500).optional(),
  substream_url: z.string().min(1).max(500).nullish(),
  username: shortText(100).nullish(),
  password: z.string().min(1).max(256).nullish(),
  location: shortText(200).nullish(),
  manufacturer: shortText(100).nullish(),
  model: shortText(100).nullish(),
  vlan: shortText(50).nullish(),
  firmware_version: shortText(100).nullish(),
  serial_number: shortText(100).nullish(),
  hardware_id: shortText(100).nullish(),
  assignments: z.array(CameraAssignment).max(50).nullish(),
  is_active: z.boolean().optional(),
  recording_enabled: z.boolean().optional(),
  analytics_enabled: z.boolean().optional(),
  audio_enabled: z.boolean().optional(),
  rtsp_transport: CameraTransport.optional(),
  transport_security: TransportSecurity.optional(),
  onvif_url: z.string().min(1).max(500).nullish(),
  onvif_profile: shortText(100).nullish(),
});
export const CameraCreate = CameraUpdate.required({ name: true })
  .extend({ frames_name: FramesName.optional(), onvif_port: z.number().int().min(1).max(65_535).default(80) })
  .refine(({ ip_address, rtsp_url }) => rtsp_url !== undefined || ip_address !== undefined, {
    path: ['rtsp_url'],
    message: 'is needed, or ip_address of a camera that says it by ONVIF',
  });

@Controller('api/v1/cameras')
export class CamerasController {
  constructor(
    private readonly cameras: CamerasService,
    private readonly tickets: LiveTickets,
    private readonly onvif: OnvifService,
  ) {}

  @Get()
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  list(@Query() query: unknown, @Req() request: FastifyRequest): Promise<{ cameras: CameraView[]; total: number }> {
    const { skip, limit, active_only } = parseInput(ListQuery, query, 'query');
    return this.cameras.list(requirePrincipal(request), { skip, limit, activeOnly: active_only });
  }

  @Get('deleted')
  @Policy({ kind: 'superuser' })
  async listDeleted(): Promise<{ cameras: CameraView[]; total: number }> {
    const cameras = await this.cameras.listDeleted();
    return { cameras, total: cameras.length };
  }

  @Get('by-ip/:ip')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async listByAddress(@Param('ip') ip: string, @Req() request: FastifyRequest): Promise<{ cameras: CameraView[]; total: number }> {
    const address = parseInput(z.object({ ip: z.union([z.ipv4(), z.ipv6()]) }), { ip }, 'path').ip.toLowerCase();
    const cameras = await this.cameras.listByAddress(requirePrincipal(request), address);
    return { cameras, total: cameras.length };
  }

  @Get(':reference')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  show(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<CameraView> {
    return this.cameras.show(requirePrincipal(request), reference);
  }

  @Post()
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  async create(
    @Body() body: unknown,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CameraView> {
    const { frames_name, onvif_port: onvifPort, ...given } = parseInput(CameraCreate, body, 'body');
    const { force } = parseInput(WriteQuery, query, 'query');
    const input = inputOf(given);
    const found = input.rtspUrl === undefined ? await this.onvif.findStreams({ ...input, onvifPort }, untilGone(reply)) : undefined;
    return this.cameras.create(requirePrincipal(request), {
      input: { ...found, ...definedOf(input), name: given.name, rtspUrl: input.rtspUrl ?? found?.rtspUrl ?? '' },
      framesName: frames_name,
      force,
      by: actorOf(request),
    });
  }

  @Put(':reference')
  @Policy({ kind: 'superuser' })
  update(
    @Param('reference') reference: string,
    @Body() body: unknown,
    @Query() query: unknown,
    @Req() request: FastifyRequest,
  ): Promise<CameraView> {
    const input = inputOf(parseInput(CameraUpdate, body, 'body'));
    const { force } = parseInput(WriteQuery, query, 'query');
    return this.cameras.update(requirePrincipal(request), { reference, input, force, by: actorOf(request) });
  }

  @Delete(':reference')
  @Policy({ kind: 'superuser' })
  async remove(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<{ message: string }> {
    await this.cameras.remove(requirePrincipal(request), { reference, by: actorOf(request) });
    return { message: 'Camera deleted successfully' };
  }

  @Post(':reference/restore')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  undelete(@Param('reference') reference: string, @Query() query: unknown, @Req() request: FastifyRequest): Promise<CameraView> {
    const { force } = parseInput(WriteQuery, query, 'query');
    return this.cameras.undelete({ reference, force, by: actorOf(request) });
  }

  /** An address of the newest picture for programs that can't send headers: signed, for this camera and this caller, for an hour. */
  @Post(':reference/snapshot-url')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async snapshotUrl(
    @Param('reference') reference: string,
    @Req() request: FastifyRequest,
  ): Promise<{ url: string; expires_in_seconds: number }> {
    const principal = requirePrincipal(request);
    const camera = await this.cameras.find(cameraScopeOf(principal), reference);
    const ticket = await this.tickets.issue(principal, camera.id, 'snapshot');
    return { url: `/api/v1/cameras/${camera.id}/snapshot?ticket=${ticket}`, expires_in_seconds: liveTicketSeconds };
  }
}

function inputOf(body: z.infer<typeof CameraUpdate>): CameraInput {
  const { description, location, manufacturer, model, name, password, port, username, vlan, assignments } = body;
  return {
    ...{ description, location, manufacturer, model, name, password, port, username, vlan, assignments },
    ipAddress: body.ip_address,
    rtspUrl: body.rtsp_url,
    substreamUrl: body.substream_url,
    isActive: body.is_active,
    recordingEnabled: body.recording_enabled,
    analyticsEnabled: body.analytics_enabled,
    onvifUrl: body.onvif_url,
    onvifProfile: body.onvif_profile,
    audioEnabled: body.audio_enabled,
    rtspTransport: body.rtsp_transport,
    transportSecurity: body.transport_security,
    firmwareVersion: body.firmware_version,
    serialNumber: body.serial_number,
    hardwareId: body.hardware_id,
  };
}
