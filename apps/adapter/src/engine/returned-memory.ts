import type { EngineMemory } from './protocol.js';

/**
 * What a process may keep beyond what it can account for after it has unloaded a model: pictures being worked on, pages that the
 * allocator holds in pieces. Seen: 20 to 45 MiB.
 */
export const keptMemorySlackBytes = 128 * 1024 ** 2;
/** Pictures that are being worked on come and go; what stays is the least of so many looks. */
const looks = 10;

/** Notices a process that has unloaded a model, but has not given its memory back: only its end does. */
export class ReturnedMemory {
  private unloads = 0;
  private unaccountedBytes: number[] = [];

  /** Takes what the process tells of itself. @returns whether it keeps more than the slack */
  isKept({ residentBytes, accountedBytes, unloads }: EngineMemory): boolean {
    if (unloads !== this.unloads) this.unaccountedBytes = [];
    this.unloads = unloads;
    if (unloads === 0) return false;
    this.unaccountedBytes = [...this.unaccountedBytes, residentBytes - accountedBytes].slice(-looks);
    return this.unaccountedBytes.length === looks && Math.min(...this.unaccountedBytes) > keptMemorySlackBytes;
  }
}
