import { Controller, Get, Query } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { MediaType } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { routes } from '../http/routes.js';
import { scopes } from '../keys/api-keys.js';
import { SystemStatus, type LatencyView } from './system-status.js';

/** How long jobs take, how busy the system is, and what it consists of. */
@Controller()
export class StatusController {
  constructor(private readonly status: SystemStatus) {}

  @Get(routes.latency)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  async latency(@Query('media_type') asked: unknown): Promise<LatencyView> {
    const mediaType = MediaType.safeParse(asked);
    if (!mediaType.success) throw new AppError('invalid_argument', 'media_type must be video or image');
    return this.status.latency(mediaType.data);
  }

  @Get(routes.capacity)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  capacity(): { used_system_capacity: number } {
    return { used_system_capacity: this.status.usedCapacity };
  }

  @Get(routes.status)
  @Policy({ kind: 'authenticated', scope: scopes.readJobs })
  overview(): Promise<object> {
    return this.status.overview();
  }
}
