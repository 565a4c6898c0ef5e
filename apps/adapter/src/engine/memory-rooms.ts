import { AppError } from '@nightjar/runtime/app-error';
import { modelKey } from '../models/model-version.js';
import type { DeviceMemory } from './device-memory.js';
import { estimateMemoryBytes, type ResidentModel, type RoomWanted } from './model-residency.js';
import type { EngineSettings, ModelStatus } from './protocol.js';

/** A budget, and what it would take to load one more model within it. */
interface Room extends RoomWanted {
  /** For messages: whose room it is. */
  readonly of: string;
  /** Whether it is the memory of GPUs. */
  readonly isDevice: boolean;
}

interface MemoryRoomsOptions {
  readonly settings: Pick<EngineSettings, 'memoryBudgetBytes' | 'vramBudgetBytes'>;
  readonly device: DeviceMemory;
  /** What models took of this process' memory when they were loaded, by `name@version`. */
  readonly measuredBytes: ReadonlyMap<string, number>;
  readonly states: () => readonly ModelStatus[];
  readonly resident: () => readonly ResidentModel[];
}

const mebibytes = (bytes: number) => Math.ceil(bytes / 1024 ** 2);

/** The budgets of an engine process: its own memory, and its share of the GPUs'. */
export class MemoryRooms {
  constructor(private readonly options: MemoryRoomsOptions) {}

  get hasDevice(): boolean {
    return this.deviceBudgetBytes > 0;
  }

  /** Every budget there is, with what another model would take of it; `undefined`: with what is there. */
  async for(key: string | undefined): Promise<Room[]> {
    const { measuredBytes, resident, settings } = this.options;
    const budgetBytes = settings.memoryBudgetBytes ?? 0;
    const wanted = this.stateOf(key);
    const rooms: Room[] = [];
    if (budgetBytes > 0) {
      const neededBytes = wanted ? (measuredBytes.get(modelKey(wanted)) ?? estimateMemoryBytes(wanted.sizeBytes)) : 0;
      const residentBytes = process.memoryUsage.rss();
      rooms.push({ of: 'an engine process', isDevice: false, budgetBytes, residentBytes, neededBytes, models: resident() });
    }
    if (this.hasDevice) {
      const room = await this.onDevice(key);
      // A model on the processor takes no room there, whatever others do.
      if (!wanted || room.neededBytes > 0) rooms.push(room);
    }
    return rooms;
  }

  /** The budget of the GPUs, with what another model would take of it. */
  async onDevice(key: string | undefined): Promise<Room> {
    const loaded = this.options.states().filter((state) => state.loaded);
    const models = this.options.resident().flatMap((model) => {
      const memoryBytes = this.deviceBytesOf(model.name);
      return memoryBytes > 0 ? [{ ...model, memoryBytes }] : [];
    });
    return {
      of: 'the GPU for an engine process',
      isDevice: true,
      budgetBytes: this.deviceBudgetBytes,
      residentBytes: await this.options.device.usedBytes(loaded.map((state) => ({ ...state, key: modelKey(state) }))),
      neededBytes: this.deviceBytesOf(key),
      models,
    };
  }

  /** What a model takes, or would take, of the GPUs; 0 on the processor. */
  deviceBytesOf(key: string | undefined): number {
    const state = this.stateOf(key);
    return state ? this.options.device.bytesOf({ ...state, key: modelKey(state) }) : 0;
  }

  private get deviceBudgetBytes(): number {
    return this.options.settings.vramBudgetBytes ?? 0;
  }

  private stateOf(key: string | undefined): ModelStatus | undefined {
    return this.options.states().find((state) => modelKey(state) === key);
  }
}

/** What to tell whom a budget refused: `full` whatever others do, `busy` until they have ended. */
export function noRoom(why: 'full' | 'busy', key: string, { of, neededBytes, budgetBytes }: Room): AppError {
  const need = `model "${key}" needs about ${mebibytes(neededBytes)} MiB, for which the ${mebibytes(budgetBytes)} MiB of ${of} have no room`;
  if (why === 'full') return new AppError('unavailable', need);
  return new AppError('overloaded', `${need} while other models are in use`);
}
