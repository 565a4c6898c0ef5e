import { Body, Controller, Get, HttpCode, Param, Post, Put, Req } from '@nestjs/common';
import { Policy, requirePrincipal } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { actorOf } from '../audit/actor.js';
import { parseInput } from '../http/parse-input.js';
import { internalService } from '../internal/internal-key.js';
import { AppsService } from './apps.service.js';
import type { RegisteredApp } from './apps.store.js';

const manifestBytesMax = 64 * 1024;
const Text = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\0]*$/);
const isSmall = (value: unknown) =>
  Buffer.byteLength(JSON.stringify(value)) <= manifestBytesMax && !JSON.stringify(value).includes('\\u0000');
const Fields = z.record(z.string(), z.unknown()).refine(isSmall, `is larger than ${manifestBytesMax} bytes, or has NUL`);
const AppId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
export const RegisterBody = z.object({
  url: z.string().max(2_048),
  manifest: z.looseObject({ id: AppId, name: Text, version: Text }).refine(isSmall, `is larger than ${manifestBytesMax} bytes, or has NUL`),
});
export const ConfigBody = z.union([z.strictObject({ config: Fields }).transform(({ config }) => config), Fields]);
export const ActionBody = z.union([z.strictObject({ params: Fields }).transform(({ params }) => params), Fields]).default({});

/** The registry of apps, as OpenNVR's apps and its page use it. Services show the internal key. */
@Controller('api/v1/apps')
export class AppsController {
  constructor(private readonly apps: AppsService) {}

  /** A malformed registration is 400 in OpenNVR, and apps show its text. */
  @Post('register')
  @HttpCode(200)
  @Policy({ kind: 'authenticated' })
  async register(@Body() body: unknown, @Req() request: FastifyRequest) {
    requireSetUp(request, 'only admins and services register apps');
    const read = RegisterBody.safeParse(body);
    if (!read.success) throw new AppError('invalid_argument', 'an app has a url and a manifest with id, name and version');
    return appView(await this.apps.register(read.data.url, read.data.manifest, actorOf(request)));
  }

  /** Which apps there are, to everybody; where they are and how they are set, to those who set them up. */
  @Get()
  @Policy({ kind: 'authenticated' })
  async list(@Req() request: FastifyRequest) {
    const view = setsUpApps(request) ? appView : publicAppView;
    return { apps: (await this.apps.list()).map(view) };
  }

  /** Apps ask every ten seconds. */
  @Get(':appId/config')
  @Policy({ kind: 'authenticated' })
  async config(@Param('appId') id: string, @Req() request: FastifyRequest) {
    requireSetUp(request, 'only admins and services read settings of apps');
    return configView(await this.apps.find(requireAppId(id)));
  }

  @Put(':appId/config')
  @Policy({ kind: 'superuser' })
  async setConfig(@Param('appId') id: string, @Body() body: unknown, @Req() request: FastifyRequest) {
    return configView(await this.apps.change(requireAppId(id), { config: parseInput(ConfigBody, body, 'body') }, actorOf(request)));
  }

  @Post(':appId/enable')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  async enable(@Param('appId') id: string, @Req() request: FastifyRequest) {
    return appView(await this.apps.change(requireAppId(id), { enabled: true }, actorOf(request)));
  }

  @Post(':appId/disable')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  async disable(@Param('appId') id: string, @Req() request: FastifyRequest) {
    return appView(await this.apps.change(requireAppId(id), { enabled: false }, actorOf(request)));
  }

  /** What an app tells of itself may be about any camera. */
  @Get(':appId/status')
  @Policy({ kind: 'authenticated' })
  status(@Param('appId') id: string, @Req() request: FastifyRequest) {
    requireSetUp(request, 'only admins and services ask apps how they do');
    return this.apps.status(requireAppId(id));
  }

  @Post(':appId/actions/:action')
  @HttpCode(200)
  @Policy({ kind: 'superuser' })
  act(@Param('appId') id: string, @Param('action') action: string, @Body() body: unknown, @Req() request: FastifyRequest) {
    return this.apps.act(requireAppId(id), action, parseInput(ActionBody, body ?? undefined, 'body'), actorOf(request));
  }
}

/** @throws AppError `not_found` for what no app is registered as */
function requireAppId(text: string): string {
  if (!AppId.safeParse(text).success) throw new AppError('not_found', 'App not found');
  return text;
}

/** The services of this installation, by the internal key, and admins. */
function setsUpApps(request: FastifyRequest): boolean {
  const principal = requirePrincipal(request);
  return principal === internalService || (principal.kind === 'user' && principal.isSuperuser);
}

function requireSetUp(request: FastifyRequest, refusal: string): void {
  if (!setsUpApps(request)) throw new AppError('permission_denied', refusal);
}

function publicAppView({ enabled, id, lastSeenAt, manifest }: RegisteredApp) {
  const { name, version } = manifest;
  return { id, name, version, category: categoryOf(manifest), enabled, last_seen: lastSeenAt.toISOString() };
}

function appView({ config, enabled, id, lastSeenAt, manifest, url }: RegisteredApp) {
  const { name, version } = manifest;
  return { id, name, version, category: categoryOf(manifest), url, enabled, config, manifest, last_seen: lastSeenAt.toISOString() };
}

function categoryOf({ category }: RegisteredApp['manifest']): string | null {
  return typeof category === 'string' ? category : null;
}

function configView({ config, id, updatedAt }: RegisteredApp) {
  return { id, config, updated_at: updatedAt.toISOString() };
}
