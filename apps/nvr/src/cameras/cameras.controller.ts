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
import { definedOf, type CameraInput } from './camera-input.js';
import { cameraScopeOf } from './camera-scope.js';
import { CamerasService } from './cameras.service.js';
import { OnvifService } from './onvif/onvif.service.js';

const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
export const ListQuery = z.object({
  skip: z.coerce.number().int().min(0).max(1_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  active_only: flag.default(true),
});
/** Up to a year: apps have an address in their configuration and ask for nothing. */
export const SnapshotUrlBody = z.object({ expires_in_seconds: z.number().int().min(60).max(31_536_000).default(liveTicketSeconds) });
export const WriteQuery = z.object({ force: flag.default(false) });

/** No control characters: names go to logs, files and terminals too. */
const shortText = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .regex(/^[^\p{Cc}]*$/u, 'must not have control characters');
/** Forms send every field, and an empty text for what there is not. */
const orNone = (text: z.ZodString) => text.transform((value) => (value === '' ? null : value)).nullish();
const Device = {
  /** Of the camera. Where `rtsp_url` is named too, that one counts. Null, as it is shown where a name stands in the URL: not named. */
  ip_address: z.union([z.ipv4(), z.ipv6(), z.literal('')]).nullish(),
  port: z.number().int().min(1).max(65_535).optional(),
};
/** What is not named here can't be set, and is no reason to refuse: clients send back the whole camera that they read. */
export const CameraUpdate = z.object({
  ...Device,
  name: shortText(100).min(1).optional(),
  description: orNone(
    z
      .string()
      .max(2_000)
      .regex(/^[^\0]*$/),
  ),
  rtsp_url: z.string().min(1).max(500).optional(),
  substream_url: orNone(z.string().max(500)),
  username: orNone(shortText(100)),
  /** It is never shown, so that forms send it empty where it stays. */
  password: z
    .string()
    .max(256)
    .transform((value) => (value === '' ? undefined : value))
    .nullish(),
  location: orNone(shortText(200)),
  manufacturer: orNone(shortText(100)),
  model: orNone(shortText(100)),
  vlan: orNone(shortText(50)),
  firmware_version: orNone(shortText(100)),
  serial_number: orNone(shortText(100)),
  hardware_id: orNone(shortText(100)),
  assignments: z.array(CameraAssignment).max(50).nullish(),
  is_active: z.boolean().optional(),
  recording_enabled: z.boolean().optional(),
  analytics_enabled: z.boolean().optional(),
  audio_enabled: z.boolean().optional(),
  rtsp_transport: CameraTransport.optional(),
  transport_security: TransportSecurity.optional(),
  onvif_url: orNone(z.string().max(500)),
  onvif_profile: orNone(shortText(100)),
});
/** Of a new camera an empty text says nothing: what its URL or ONVIF tells in that place counts. */
export const CameraCreate = z.preprocess(
  withoutEmptyTexts,
  CameraUpdate.required({ name: true })
    .extend({ frames_name: FramesName.optional(), onvif_port: z.number().int().min(1).max(65_535).default(80) })
    .refine(({ ip_address, rtsp_url }) => rtsp_url !== undefined || ip_address != null, {
      path: ['rtsp_url'],
      message: 'is needed, or ip_address of a camera that says it by ONVIF',
    }),
);

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

  /** An address of the newest picture for programs that can't send headers: signed, for this camera and this caller. */
  @Post(':reference/snapshot-url')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async snapshotUrl(
    @Param('reference') reference: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<{ url: string; expires_in_seconds: number }> {
    const { expires_in_seconds } = parseInput(SnapshotUrlBody, body ?? {}, 'body');
    const principal = requirePrincipal(request);
    const { id: cameraId } = await this.cameras.find(cameraScopeOf(principal), reference);
    const ticket = await this.tickets.issueForSnapshot(principal, { cameraId, seconds: expires_in_seconds });
    return { url: `/api/v1/cameras/${cameraId}/snapshot?ticket=${ticket}`, expires_in_seconds };
  }
}

function withoutEmptyTexts(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ''));
}

function inputOf(body: z.infer<typeof CameraUpdate>): CameraInput {
  const { description, location, manufacturer, model, name, password, port, username, vlan, assignments } = body;
  return {
    ...{ description, location, manufacturer, model, name, password, port, username, vlan, assignments },
    ipAddress: body.ip_address || undefined,
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
