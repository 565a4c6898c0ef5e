import { Controller, Get } from '@nestjs/common';
import { Policy } from '@nightjar/auth';

/** Level of the Luna Video Agent API that this surface speaks; our own build is in header `X-Nightjar-Version`. */
const apiLevel = { Version: { api: 1, major: 0, minor: 3, patch: 1 } } as const;

@Controller('version')
export class VersionController {
  @Get()
  @Policy({ kind: 'public' })
  version(): typeof apiLevel {
    return apiLevel;
  }
}
