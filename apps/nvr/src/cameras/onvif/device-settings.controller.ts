import { Controller, Get, Param, Post, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { scopes } from '../../keys/api-keys.js';
import { CamerasService } from '../cameras.service.js';

/** What OpenNVR's clients read from a camera itself. */
const deviceSettings = new Set(['network', 'imaging', 'encoder', 'osd', 'motion', 'smart', 'services', 'camera-users', 'time', 'ntp']);

/**
 * Settings that a camera keeps are its own page's: this system asks a camera for its pictures and moves it, and changes nothing in it.
 * A camera that the caller may not see is not found here either.
 */
@Controller('api/v1/cameras')
export class DeviceSettingsController {
  constructor(private readonly cameras: CamerasService) {}

  @Get(':reference/:setting')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  async show(@Param('reference') reference: string, @Param('setting') setting: string, @Req() request: FastifyRequest): Promise<never> {
    if (!deviceSettings.has(setting)) throw new AppError('not_found', 'Not found');
    return this.refuse(reference, request);
  }

  @Post(':reference/reboot')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  restart(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<never> {
    return this.refuse(reference, request);
  }

  @Post(':reference/events/subscribe')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras, usersOnly: true })
  subscribe(@Param('reference') reference: string, @Req() request: FastifyRequest): Promise<never> {
    return this.refuse(reference, request);
  }

  private async refuse(reference: string, request: FastifyRequest): Promise<never> {
    await this.cameras.findManaged(requirePrincipal(request), reference);
    throw new AppError('not_implemented', "this is set on the camera's own page; the NVR changes nothing in a camera");
  }
}
