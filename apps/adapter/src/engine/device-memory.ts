import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { estimateMemoryBytes } from './model-residency.js';

/** Tells what this process holds on GPUs. */
export interface DeviceMeter {
  /** Bytes; 0 or undefined: it cannot be told. */
  usedBytes(): Promise<number | undefined>;
}

/** A model as far as its place on a device goes. */
interface DeviceModel {
  /** `name@version`. */
  readonly key: string;
  /** Where it runs, or would run. */
  readonly device: string;
  readonly sizeBytes: number;
}

const withoutDevice: readonly string[] = ['cpu', 'none'];
const queryTimeoutMs = 2_000;
const query = ['--query-compute-apps=pid,used_memory', '--format=csv,noheader,nounits'];

/**
 * What models hold on GPUs: the rise of what the meter says over a load, with the runtime's own share in the first one. Where the
 * meter cannot tell, as in a container with process ids of its own, it is twice the size of the files, 16 MiB at least.
 */
export class DeviceMemory {
  private readonly measuredBytes = new Map<string, number>();

  constructor(private readonly meter: DeviceMeter = nvidiaMeter()) {}

  /** What a model holds when it is loaded, as far as is known. */
  bytesOf({ key, device, sizeBytes }: DeviceModel): number {
    if (withoutDevice.includes(device)) return 0;
    return this.measuredBytes.get(key) ?? estimateMemoryBytes(sizeBytes);
  }

  /** What all of it is now. */
  async usedBytes(loaded: readonly DeviceModel[]): Promise<number> {
    return (await this.meter.usedBytes()) || loaded.reduce((sum, model) => sum + this.bytesOf(model), 0);
  }

  /** Loads a model and notes what that took. @throws what the load throws */
  async measure(key: string, load: () => Promise<unknown>): Promise<void> {
    const beforeBytes = (await this.meter.usedBytes()) ?? 0;
    await load();
    const afterBytes = await this.meter.usedBytes();
    if (afterBytes) this.measuredBytes.set(key, Math.max(0, afterBytes - beforeBytes));
  }
}

/** Asks NVIDIA's tool for this process; it is not asked again where there is none. */
function nvidiaMeter(): DeviceMeter {
  let isThere = true;
  return {
    usedBytes: async () => {
      if (!isThere) return undefined;
      try {
        const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: queryTimeoutMs });
        return usedBytesOf(process.pid, stdout);
      } catch (error) {
        // A time-out says nothing of the next time.
        isThere = (error as { killed?: boolean }).killed === true;
        return undefined;
      }
    },
  };
}

/** Reads nvidia-smi's lines of `pid, used MiB`: a process has one for each GPU. */
export function usedBytesOf(pid: number, csv: string): number {
  const lines = csv.split('\n').map((line) => line.split(',').map(Number));
  const mebibytes = lines.reduce((sum, [owner, used = 0]) => (owner === pid && Number.isFinite(used) ? sum + used : sum), 0);
  return mebibytes * 1024 ** 2;
}
