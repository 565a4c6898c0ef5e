import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AgentConfig } from '../config.js';
import { configText, configView } from './config-view.js';
import { asLuna, lunaErrors } from '@nightjar/luna';
import { preferredType } from './preferred-type.js';

/** Token of the settings that are shown. */
export const AGENT_CONFIG = Symbol('AGENT_CONFIG');

/** The settings in force, secrets masked. Under three names: the documentation's pages call it differently. */
@Controller()
export class ConfigController {
  constructor(@Inject(AGENT_CONFIG) private readonly config: AgentConfig) {}

  @Get(['config', 'configs', '1/config'])
  @Policy({ kind: 'authenticated' })
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const view = configView(this.config);
    switch (preferredType(request.headers.accept, ['application/json', 'text/plain'])) {
      case 'application/json':
        return reply.type('application/json').send(JSON.stringify(view));
      case 'text/plain':
        return reply.type('text/plain').send(configText(view));
      case undefined:
        throw new AppError('invalid_argument', 'neither JSON nor text is accepted', {
          details: asLuna(lunaErrors.unacceptableType, 'Content type is unacceptable, allowed values: application/json, text/plain'),
        });
    }
  }
}
