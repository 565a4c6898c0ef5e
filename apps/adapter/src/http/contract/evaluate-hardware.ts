import type { EnginePoolStatus } from '../../engine/engine-pool.js';
import type { ExecutionProvider } from '../../engine/protocol.js';
import { defaultDetector } from '../default-detector.js';
import type { HardwareReading } from '../system-hardware.js';
import type { HardwareEvaluation } from './contract-messages.js';

/** The default detector in one engine process, with room for a picture of 50 megapixels. */
const memoryNeededGb = 0.5;
const memoryWantedGb = 1;
const coresWanted = 2;

/** Where models are to run, in order of preference. */
export const WANTED_PROVIDERS = Symbol('wanted providers');

export interface HardwareFacts {
  readonly status: EnginePoolStatus;
  readonly hardware: HardwareReading;
  /** In order of preference. */
  readonly wantedProviders: readonly ExecutionProvider[];
}

type Finding = readonly [verdict: 'warn' | 'blocked', reason: string];

/** Whether this machine can do the work, and what of it falls short. */
export function evaluateHardware({ status, hardware, wantedProviders }: HardwareFacts, checkedAt: Date): HardwareEvaluation {
  const findings = findingsOf({ status, hardware, wantedProviders });
  const isBlocked = findings.some(([verdict]) => verdict === 'blocked');
  return {
    verdict: isBlocked ? 'blocked' : findings.length > 0 ? 'warn' : 'ok',
    reasoning: findings.length > 0 ? findings.map(([, reason]) => reason).join('; ') : describeFit(hardware, wantedProviders),
    checked_at: checkedAt.toISOString(),
    details: {
      cpu_cores: hardware.cpu.cores,
      cpu_model: hardware.cpu.model,
      ram_gb: hardware.ram_gb,
      gpu: hardware.gpu,
      providers_wanted: wantedProviders,
      providers_missing: status.missingProviders,
      devices_in_use: [...new Set(status.models.filter(({ loaded }) => loaded).map(({ device }) => device))],
      engine_processes: { configured: status.processes, ready: status.ready },
    },
  };
}

function findingsOf({ status, hardware, wantedProviders }: HardwareFacts): Finding[] {
  const { cpu, ram_gb: memory } = hardware;
  const findings: Finding[] = [];
  if (memory.available < memoryNeededGb) findings.push(['blocked', `only ${memory.available} GB of memory are free`]);
  else if (memory.available < memoryWantedGb) findings.push(['warn', `only ${memory.available} GB of memory are free`]);
  if (status.started && status.ready === 0) findings.push(['blocked', 'no engine process runs']);
  else if (status.started && !defaultDetector(status)) findings.push(['blocked', 'no detector can be used']);
  const missing = status.missingProviders.map(({ provider, reason }) => `${provider} cannot be had: ${reason}`);
  const areAllMissing = wantedProviders.length > 0 && wantedProviders.every((wanted) => isMissing(status, wanted));
  findings.push(...missing.map((reason): Finding => [areAllMissing ? 'blocked' : 'warn', reason]));
  if (cpu.cores < coresWanted) findings.push(['warn', 'one core has to decode pictures, run models and answer']);
  return findings;
}

function isMissing({ missingProviders }: EnginePoolStatus, wanted: ExecutionProvider): boolean {
  return missingProviders.some(({ provider }) => provider === wanted);
}

function describeFit({ cpu, ram_gb: memory, gpu }: HardwareReading, [preferred = 'cpu']: readonly ExecutionProvider[]): string {
  const where = preferred === 'cpu' ? `${cpu.cores} cores` : `${preferred} on ${gpu[0]?.name ?? 'a GPU'}`;
  return `models run on ${where}; ${memory.available} GB of memory are free`;
}
