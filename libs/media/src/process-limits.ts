import { accessSync, constants } from 'node:fs';

/** What the operating system lets a process have. */
export interface ProcessLimits {
  /** Address space, which is more than what is resident; absent: without a bound. */
  memoryBytes?: number;
  /** Of all its threads together. A little later it is killed. */
  cpuSeconds?: number;
}

/** What a video file may cost: 8K pictures with all their references fit, a bomb does not. */
export const fileMemoryBytesMax = 4 * 1024 ** 3;
/**
 * For decoders of cameras. The drivers of graphics hardware map all memory of the machine and of their card, many times 4 GiB, so a bound
 * of the address space would end such a decoder before its first picture; FFmpeg's own bounds hold there, too.
 */
export function unitDecoderLimits(hardware: string | undefined): ProcessLimits {
  return hardware === undefined ? { memoryBytes: fileMemoryBytesMax } : {};
}

/** FFmpeg ends in order when its time is over; one that does not is killed this much later. */
const cpuGraceSeconds = 5;

/** Where Linux distributions keep it. */
const prlimit = ['/usr/bin/prlimit', '/bin/prlimit', '/usr/local/bin/prlimit', '/run/current-system/sw/bin/prlimit'].find(isExecutable);

/**
 * Puts `prlimit` (util-linux) in front of a program, which becomes that program: same process id, same group, no shell. It
 * starts before a limit could be passed, where a look at /proc from here would come too late. Where there is none (macOS), the
 * program runs as it is, within FFmpeg's own bounds and the wall limit.
 */
export function withLimits(
  program: string,
  args: readonly string[],
  limits: ProcessLimits | undefined,
): { program: string; args: string[]; limited: boolean } {
  if (prlimit === undefined || !limits) return { program, args: [...args], limited: false };
  const { memoryBytes, cpuSeconds } = limits;
  const cpu = cpuSeconds === undefined ? [] : [`--cpu=${Math.ceil(cpuSeconds)}:${Math.ceil(cpuSeconds) + cpuGraceSeconds}`];
  const memory = memoryBytes === undefined ? [] : [`--as=${memoryBytes}`];
  return { program: prlimit, args: [...memory, '--core=0', ...cpu, '--', program, ...args], limited: true };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
