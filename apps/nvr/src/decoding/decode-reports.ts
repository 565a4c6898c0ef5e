import { Inject, Injectable } from '@nestjs/common';
import { decodingToldEveryMs, type DecodeReport, type decodingTold } from '@nightjar/contracts';
import type { Clock } from '@nightjar/runtime';
import type { z } from 'zod';
import { CLOCK } from '../process-parts.js';

/** What was not told again for so long is no longer so. */
const freshMs = 3 * decodingToldEveryMs;
/** More cameras than one system has; beyond it those that were told of longest ago are forgotten. */
const camerasMax = 4_096;

/** What agents told last of the decoding of cameras, in memory: each API process hears all of it. */
@Injectable()
export class DecodeReports {
  /** By camera, the one that was told of longest ago first. */
  private readonly told = new Map<number, { agentId: string; report: DecodeReport; atMs: number }>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  hear({ agent_id: agentId, streams }: z.infer<(typeof decodingTold)['payload']>): void {
    const atMs = this.clock.monotonicMs();
    for (const report of streams) {
      if (report.camera_id === null) continue;
      this.told.delete(report.camera_id);
      this.told.set(report.camera_id, { agentId, report, atMs });
    }
    for (const [cameraId, { atMs: toldAtMs }] of this.told)
      if (this.told.size > camerasMax || atMs - toldAtMs > freshMs) this.told.delete(cameraId);
  }

  /** @returns undefined when no agent tells of it now */
  find(cameraId: number): { agentId: string; report: DecodeReport } | undefined {
    const found = this.told.get(cameraId);
    return found && this.clock.monotonicMs() - found.atMs <= freshMs ? found : undefined;
  }
}
