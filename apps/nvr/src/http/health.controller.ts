import { Controller, Get } from '@nestjs/common';
import { Policy } from '@nightjar/auth';

/** The health route that OpenNVR's clients ask; probes use /livez and /readyz. */
@Controller()
export class HealthController {
  @Get('health')
  @Policy({ kind: 'public' })
  health(): { status: string; service: string; version: string } {
    return { status: 'healthy', service: 'nightjar-nvr', version: '0.1.0' };
  }
}
