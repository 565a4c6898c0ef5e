import { Inject, Injectable } from '@nestjs/common';
import { decodingToldEveryMs, type DecodeReport, type decodingTold } from '@nightjar/contracts';
import type { Clock } from '@nightjar/runtime';
import type { z } from 'zod';
import { CLOCK } from '../process-parts.js';

/** What was not told again for so long is no longer so. */
const freshMs = 3 * decodingToldEveryMs;
/** More cameras than one system has; beyond it those that were told of longest ago are forgotten. */
const camerasMax = 4_096;
/** Full: who was heard longest ago is forgotten, and is there again with his next word. */
const agentsMax = 1_024;

/** What agents told last of the decoding of cameras, in memory: each API process hears all of it. */
@Injectable()
export class DecodeReports {
  /** By camera, the one that was told of longest ago first. */
  private readonly told = new Map<number, { agentId: string; report: DecodeReport; atMs: number }>();

  /** When each agent was heard, the one that was heard longest ago first. An agent without a stream speaks too. */
  private readonly heard = new Map<string, number>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  hear({ agent_id: agentId, streams }: z.infer<(typeof decodingTold)['payload']>): void {
    const atMs = this.clock.monotonicMs();
    this.heard.delete(agentId);
    this.heard.set(agentId, atMs);
    for (const [id] of this.heard) if (this.heard.size > agentsMax) this.heard.delete(id);
    for (const report of streams) {
      if (report.camera_id === null) continue;
      this.told.delete(report.camera_id);
      this.told.set(report.camera_id, { agentId, report, atMs });
    }
    for (const [cameraId, { atMs: toldAtMs }] of this.told)
      if (this.told.size > camerasMax || atMs - toldAtMs > freshMs) this.told.delete(cameraId);
  }

  /** Whether an agent of ours is there now. */
  get hasAgents(): boolean {
    const nowMs = this.clock.monotonicMs();
    return [...this.heard.values()].some((atMs) => nowMs - atMs <= freshMs);
  }

  /** @returns undefined when no agent tells of it now */
  find(cameraId: number): { agentId: string; report: DecodeReport } | undefined {
    const found = this.told.get(cameraId);
    return found && this.clock.monotonicMs() - found.atMs <= freshMs ? found : undefined;
  }
}
