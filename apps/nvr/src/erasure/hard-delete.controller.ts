import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { OwnConfirmation } from '../auth/own-confirmation.js';
import { invalidField, parseInput } from '../http/parse-input.js';
import { CameraErasure } from './camera-erasure.js';

export const HardDeleteBody = z.strictObject({
  /** The name of the camera, written out. */
  confirmation: z.string().min(1).max(100),
  /** Of who asks, where he has no second factor. */
  password: z.string().min(1).max(256).optional(),
});
const Code = z.string().min(6).max(8).optional();

@Controller('api/v1/cameras')
export class HardDeleteController {
  constructor(
    private readonly erasure: CameraErasure,
    private readonly confirmation: OwnConfirmation,
  ) {}

  /** A camera with all that is of it, for ever. Whoever asks shows again who he is: nobody does it with a session that he found. */
  @Post(':reference/hard-delete')
  @HttpCode(202)
  @Policy({ kind: 'superuser' })
  async erase(@Param('reference') reference: string, @Body() body: unknown, @Req() request: FastifyRequest): Promise<{ message: string }> {
    const { confirmation, password } = parseInput(HardDeleteBody, body, 'body');
    const code = Code.safeParse(request.headers['x-mfa-code']);
    const by = actorOf(request);
    const camera = await this.erasure.find(reference);
    if (confirmation !== camera.name) throw invalidField('body', 'confirmation', 'must be the name of the camera');
    await this.confirmation.require(by, { code: code.data, password });
    await this.erasure.erase(camera, by);
    return { message: 'Camera permanently deleted: what was recorded of it is being removed' };
  }
}
