import { Controller, Delete, Get, Inject, Param, Post, Put } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { AppError } from '@nightjar/runtime';
import type { ApiConfig } from '../config.js';
import { CONFIG } from '../process-parts.js';
import { permissionNames } from '../roles/permissions.js';

/** What OpenNVR has and this NVR does in another way: a client is told where, instead of that there is nothing. */
const reasons = {
  permissions: 'permissions are those that the routes ask for: make a role that holds some of them',
  integrations: 'others are told of events by rules: /api/v1/rules',
  detections: 'what was detected are events: /api/v1/events',
  machine: 'the machine is not switched off or restarted from here',
  store: 'apps are installed by the operator, who starts them; they register by themselves: /api/v1/apps/register',
  adapters: 'adapters are named in NIGHTJAR_INFER_URL and NIGHTJAR_INFER_ADAPTERS',
} as const;

/** Each route answers 501 with its reason, to admins; 404 for what is not there in any way. */
@Controller('api/v1')
export class UnsupportedController {
  constructor(@Inject(CONFIG) private readonly config: ApiConfig) {}

  @Post('permissions')
  @Policy({ kind: 'superuser' })
  createPermission(): never {
    return refuse('permissions');
  }

  @Put('permissions/:permission')
  @Policy({ kind: 'superuser' })
  changePermission(@Param('permission') name: string): never {
    requirePermission(name);
    return refuse('permissions');
  }

  @Delete('permissions/:permission')
  @Policy({ kind: 'superuser' })
  removePermission(@Param('permission') name: string): never {
    requirePermission(name);
    return refuse('permissions');
  }

  @Get('integrations')
  @Policy({ kind: 'superuser' })
  integrations(): never {
    return refuse('integrations');
  }

  @Get('ai-detection-results')
  @Policy({ kind: 'superuser' })
  detections(): never {
    return refuse('detections');
  }

  @Post(['system/shutdown', 'system/reboot'])
  @Policy({ kind: 'superuser' })
  machine(): never {
    return refuse('machine');
  }

  /** Nothing is offered for installation. */
  @Get('apps/index')
  @Policy({ kind: 'superuser' })
  store(): { apps: never[] } {
    return { apps: [] };
  }

  /** Since nothing is offered, there is no such app. */
  @Post(['apps/index/:appId/install', 'apps/index/:appId/uninstall'])
  @Policy({ kind: 'superuser' })
  install(): never {
    throw new AppError('not_found', reasons.store);
  }

  @Get('apps/index/:appId/install-status')
  @Policy({ kind: 'superuser' })
  installStatus(): never {
    throw new AppError('not_found', reasons.store);
  }

  @Post(['adapters/register', 'adapters/refresh'])
  @Policy({ kind: 'superuser' })
  registerAdapter(): never {
    return refuse('adapters');
  }

  @Delete('adapters/:adapter')
  @Policy({ kind: 'superuser' })
  removeAdapter(@Param('adapter') name: string): never {
    if (!this.config.infer.adapters.has(name)) throw new AppError('not_found', 'Adapter not found');
    return refuse('adapters');
  }
}

/** @throws AppError `not_found` */
function requirePermission(name: string): void {
  if (!permissionNames.some((known) => known === name)) throw new AppError('not_found', 'Permission not found');
}

function refuse(what: keyof typeof reasons): never {
  throw new AppError('not_implemented', reasons[what]);
}
