import { execFile } from 'node:child_process';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

interface GpuMemory {
  readonly name: string;
  readonly vram_total_mb: number;
  readonly vram_used_mb: number;
}

export interface HardwareReading {
  readonly cpu: { readonly cores: number; readonly model: string; readonly load_1m: number };
  readonly ram_gb: { readonly total: number; readonly available: number };
  readonly gpu: readonly GpuMemory[];
}

const gpuReadingMaxAgeMs = 10_000;
const gpuQueryTimeoutMs = 2_000;
/** How long a caller waits for a new reading before the last one has to do. */
const gpuPatienceMs = 500;
const gpuQuery = ['--query-gpu=name,memory.total,memory.used', '--format=csv,noheader,nounits'];

/**
 * Load, memory and GPUs of the machine. GPUs are asked for at most every ten seconds; a tool that takes its time, as on a machine
 * that is busy, holds nobody up for longer than half a second: the last answer is shown then.
 */
export class SystemHardware {
  private gpus: readonly GpuMemory[] = [];
  private gpusReadAtMs = -Infinity;
  private refreshing: Promise<void> | undefined;
  /** Asking for it reads a page for each core. */
  private readonly cpuModel = os.cpus()[0]?.model.trim() ?? 'unknown';
  /** Without NVIDIA's tool there is no GPU that it could show; it is not asked again. */
  private hasGpuTool = true;

  constructor(private readonly queryGpus: () => Promise<string> = askNvidiaTool) {
    void this.refreshGpus();
  }

  /** Takes half a second at most. */
  async read(): Promise<HardwareReading> {
    if (performance.now() - this.gpusReadAtMs > gpuReadingMaxAgeMs) {
      await Promise.race([this.refreshGpus(), sleep(gpuPatienceMs, undefined, { ref: false })]);
    }
    return {
      cpu: { cores: os.availableParallelism(), model: this.cpuModel, load_1m: round(os.loadavg()[0] ?? 0) },
      ram_gb: { total: gigabytes(totalMemoryBytes()), available: gigabytes(process.availableMemory()) },
      gpu: this.gpus,
    };
  }

  private refreshGpus(): Promise<void> {
    this.refreshing ??= this.askForGpus().finally(() => (this.refreshing = undefined));
    return this.refreshing;
  }

  private async askForGpus(): Promise<void> {
    if (!this.hasGpuTool) return;
    try {
      this.gpus = parseGpus(await this.queryGpus());
      this.gpusReadAtMs = performance.now();
    } catch (error) {
      this.gpusReadAtMs = performance.now();
      // Absent or without a driver: no GPU. A time-out keeps the last answer.
      if ((error as { killed?: boolean }).killed !== true) {
        this.hasGpuTool = false;
        this.gpus = [];
      }
    }
  }
}

async function askNvidiaTool(): Promise<string> {
  return (await promisify(execFile)('nvidia-smi', gpuQuery, { timeout: gpuQueryTimeoutMs })).stdout;
}

/** Reads nvidia-smi's lines of `name, total MiB, used MiB`. */
export function parseGpus(csv: string): GpuMemory[] {
  return csv
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .flatMap(([name, total, used]) => {
      const gpu = { name: name ?? '', vram_total_mb: Number(total), vram_used_mb: Number(used) };
      return gpu.name !== '' && Number.isFinite(gpu.vram_total_mb) && Number.isFinite(gpu.vram_used_mb) ? [gpu] : [];
    });
}

/** What a container may use, where there is a limit; else what the machine has. */
function totalMemoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, os.totalmem()) : os.totalmem();
}

function gigabytes(bytes: number): number {
  return round(bytes / 1024 ** 3);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
