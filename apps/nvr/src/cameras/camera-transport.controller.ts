import { Body, Controller, HttpCode, Param, Post, Put, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { TransportSecurity } from '@nightjar/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { parseInput } from '../http/parse-input.js';
import { untilGone } from '../http/until-gone.js';
import { scopes } from '../keys/api-keys.js';
import { isEncrypted } from './camera-connections.js';
import { CameraTests, type SchemeTest } from './camera-tests.service.js';
import { CamerasService } from './cameras.service.js';
import { CamerasStore, type Camera } from './cameras.store.js';

export const TransportBody = z.object({ transport_security: TransportSecurity });

/** Whether a camera is read encrypted, has to be, and could be. */
@Controller('api/v1/cameras')
export class CameraTransportController {
  constructor(
    private readonly cameras: CamerasService,
    private readonly store: CamerasStore,
    private readonly tests: CameraTests,
  ) {}

  @Put(':reference/transport-security')
  @Policy({ kind: 'superuser' })
  async change(@Param('reference') reference: string, @Body() body: unknown, @Req() request: FastifyRequest) {
    const { transport_security: transportSecurity } = parseInput(TransportBody, body, 'body');
    const by = actorOf(request);
    return transportView(await this.cameras.secureTransport(requirePrincipal(request), { reference, transportSecurity, by }));
  }

  /** Connects up to twice. A camera that answers to neither is an answer too. */
  @Post(':reference/probe-transport')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async probe(@Param('reference') reference: string, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const camera = await this.cameras.findManaged(requirePrincipal(request), reference);
    const { result, rtsp, rtsps } = await this.tests.probeTransport(camera, untilGone(reply));
    await this.store.noteTransport(camera.id, result);
    const probed = { ...camera, transportProbe: result, transportProbedAt: new Date() };
    return { ...transportView(probed), rtsps: testView(rtsps), rtsp: rtsp ? testView(rtsp) : null };
  }
}

function transportView(camera: Camera) {
  return {
    camera_id: camera.id,
    transport_security: camera.transportSecurity,
    encrypted: isEncrypted(camera.rtspUrl),
    probe_result: camera.transportProbe,
    probed_at: camera.transportProbedAt?.toISOString() ?? null,
  };
}

function testView({ ok, reason }: SchemeTest): { success: boolean; reason: string | null } {
  return { success: ok, reason };
}
