import { Body, Controller, Put, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { CameraReferenceText } from '../cameras/parse-camera-reference.js';
import { parseInput } from '../http/parse-input.js';
import { ProtectionsService } from '../retention/protections.service.js';
import { scopes } from '../keys/api-keys.js';
import { InstantInBody, withForwardInstants } from './instant-query.js';

const rangeMsMax = 31 * 24 * 3_600_000;
export const FlagRequest = withForwardInstants(
  z.strictObject({
    camera_id: CameraReferenceText,
    start: InstantInBody,
    end: InstantInBody,
    /** False takes the protection of ranges inside of this one away. */
    flagged: z.boolean().default(true),
    note: z
      .string()
      .trim()
      .max(500)
      .regex(/^[^\0]*$/)
      .nullish(),
  }),
  rangeMsMax,
);

/** Flagging a range of recordings is protecting it from retention. */
@Controller('api/v1/recordings/flag')
export class FlagController {
  constructor(private readonly protections: ProtectionsService) {}

  @Put()
  @Policy({ kind: 'authenticated', scope: scopes.readRecordings, usersOnly: true })
  async flag(@Body() body: unknown, @Req() request: FastifyRequest) {
    const { camera_id, end, flagged, note, start } = parseInput(FlagRequest, body, 'body');
    const range = { startsAtMs: Math.floor(start), endsAtMs: Math.ceil(end), note: note === '' ? null : (note ?? null) };
    const flag = { ...range, reference: camera_id, isFlagged: flagged };
    const { cameraId } = await this.protections.flag(requirePrincipal(request), flag, actorOf(request));
    return { camera_id: cameraId, start: new Date(range.startsAtMs).toISOString(), end: new Date(range.endsAtMs).toISOString(), flagged };
  }
}
