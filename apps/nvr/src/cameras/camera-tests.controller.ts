import { Body, Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { CameraTransport } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../http/parse-input.js';
import { untilGone } from '../http/until-gone.js';
import { scopes } from '../keys/api-keys.js';
import { CameraTests, type ConnectionTest } from './camera-tests.service.js';
import { CamerasService } from './cameras.service.js';

export const Address = z.strictObject({
  rtsp_url: z.string().min(1).max(500),
  username: z.string().min(1).max(100).nullish(),
  password: z.string().min(1).max(256).nullish(),
  rtsp_transport: CameraTransport.default('auto'),
});

/** Settings of a saved camera that are tried before they are saved; those that are not named are the saved ones. */
export const TriedChange = z.object({
  rtsp_url: z.string().min(1).max(500).optional(),
  username: z.string().min(1).max(100).nullish(),
  /** Absent or null: the saved one, at the saved address only. */
  password: z.string().min(1).max(256).nullish(),
  rtsp_transport: CameraTransport.optional(),
});

/** `success` false is an answer too: 200, with the reason. */
interface ConnectionTestView {
  success: boolean;
  reason: string | null;
  video_codec: string | null;
  width: number | null;
  height: number | null;
  /** `aac` is recorded where `audio_enabled` is set; null: no sound. */
  audio_codec: string | null;
  took_ms: number;
}

@Controller('api/v1/cameras')
export class CameraTestsController {
  constructor(
    private readonly cameras: CamerasService,
    private readonly tests: CameraTests,
  ) {}

  /** An address that is not saved yet. */
  @Post('test-connection')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  async testAddress(@Body() body: unknown, @Res({ passthrough: true }) reply: FastifyReply): Promise<ConnectionTestView> {
    const { password, rtsp_transport: transport, rtsp_url: url, username } = parseInput(Address, body, 'body');
    return viewOf(await this.tests.testAddress({ url, username, password, transport }, untilGone(reply)));
  }

  /** As it is saved; with settings in the body, which only an admin may change, with those. */
  @Post(':reference/test-connection')
  @HttpCode(200)
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async testCamera(
    @Param('reference') reference: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConnectionTestView> {
    const principal = requirePrincipal(request);
    const camera = await this.cameras.findManaged(principal, reference);
    const { password, rtsp_transport: transport, rtsp_url: url, username } = parseInput(TriedChange, body ?? {}, 'body');
    const isChanged = [password, transport, url, username].some((setting) => setting !== undefined);
    if (!isChanged) return viewOf(await this.tests.testCamera(camera, untilGone(reply)));
    if (principal.kind !== 'user' || !principal.isSuperuser)
      throw new AppError('permission_denied', 'other settings of a camera are tried by who may change them');
    return viewOf(await this.tests.testChanged(camera, { url, username, password, transport }, untilGone(reply)));
  }
}

function viewOf(test: ConnectionTest): ConnectionTestView {
  return {
    success: test.ok,
    reason: test.ok ? null : test.reason,
    video_codec: test.ok ? test.probe.codec : null,
    width: test.ok ? test.probe.width : null,
    height: test.ok ? test.probe.height : null,
    audio_codec: test.ok ? audioCodecOf(test.probe.soundEncoding) : null,
    took_ms: test.tookMs,
  };
}

/** FFmpeg's names of what cameras have, RTP's of all else. */
const audioCodecs: Readonly<Record<string, string>> = {
  'mpeg4-generic': 'aac',
  'mp4a-latm': 'aac_latm',
  pcmu: 'pcm_mulaw',
  pcma: 'pcm_alaw',
};

function audioCodecOf(encoding: string | undefined): string | null {
  return encoding === undefined ? null : (audioCodecs[encoding] ?? encoding);
}
