import { Controller, Get, Inject } from '@nestjs/common';
import { Policy } from '@nightjar/auth';
import type { ApiConfig } from '../config.js';
import { scopes } from '../keys/api-keys.js';
import { CONFIG } from '../process-parts.js';
import { aiSovereignty } from '../system/posture.js';
import { AdapterStatuses, type AdapterStatus } from './adapter-statuses.js';

/** What the adapters of this installation can do, by their own word. */
@Controller('api/v1')
export class SkillsController {
  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    private readonly statuses: AdapterStatuses,
  ) {}

  /** An adapter that does not say what it can is null. */
  @Get('ai/capabilities')
  @Policy({ kind: 'authenticated', scope: scopes.runInference })
  async capabilities() {
    const adapters = Object.fromEntries((await this.ask()).map(({ name, status }) => [name, status.capabilities]));
    return { contract_version: '1', sovereignty_mode: aiSovereignty, adapters };
  }

  /** What may stand in `assignments` of a camera: tasks that an adapter has at this moment. */
  @Get('cameras/assignable-skills')
  @Policy({ kind: 'authenticated', scope: scopes.readCameras })
  async skills() {
    const adaptersOf = new Map<string, string[]>();
    for (const { name, status } of await this.ask())
      for (const task of status.capabilities?.tasks_advertised ?? []) adaptersOf.set(task, [...(adaptersOf.get(task) ?? []), name]);
    const skills = [...adaptersOf].sort(([one], [other]) => one.localeCompare(other)).map(([skill, adapters]) => ({ skill, adapters }));
    return { skills, count: skills.length };
  }

  private ask(): Promise<{ name: string; status: AdapterStatus }[]> {
    const adapters = [...this.config.infer.adapters.values()];
    return Promise.all(adapters.map(async ({ name, url }) => ({ name, status: await this.statuses.find(url) })));
  }
}
