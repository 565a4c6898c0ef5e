import { Controller, Get } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import { Plugins, type PluginView } from '../plugins/plugins.js';

/** `GET /plugins`: all that were found, and which of them run. */
@Controller()
export class PluginsController {
  constructor(private readonly plugins: Plugins) {}

  @Get(['plugins', '1/plugins'])
  @Policy({ kind: 'authenticated' })
  list(): { plugins: PluginView[] } {
    return { plugins: this.plugins.list() };
  }
}
