import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { settingsReply } from '@nightjar/luna';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AgentConfig } from '../config.js';
import { configView } from './config-view.js';

/** Token of the settings that are shown. */
export const AGENT_CONFIG = Symbol('AGENT_CONFIG');

/** The settings in force, secrets masked. Under three names: the documentation's pages call it differently. */
@Controller()
export class ConfigController {
  constructor(@Inject(AGENT_CONFIG) private readonly config: AgentConfig) {}

  @Get(['config', 'configs', '1/config'])
  @Policy({ kind: 'authenticated' })
  async show(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { body, contentType } = settingsReply(configView(this.config), request.headers.accept);
    await reply.type(contentType).send(body);
  }
}
