import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const prefix = 'nightjar-play-';
/** Nothing is worked on for so long. */
const leftAfterMs = 3_600_000;

/** For parts of recordings while they are worked on: only this user can read them. Whoever makes one removes it. */
export function makePrivateDirectory(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), prefix));
}

/** Removes what a process left that was killed at work. @returns how many there were */
export async function removeLeftDirectories({ nowMs, parent = os.tmpdir() }: { nowMs: number; parent?: string }): Promise<number> {
  const names = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  let removed = 0;
  for (const name of names) {
    const directory = path.join(parent, name);
    const found = await stat(directory).catch(() => undefined); // its process removed it, or another one just did
    if (!found || nowMs - found.mtimeMs < leftAfterMs) continue;
    await rm(directory, { recursive: true, force: true });
    removed++;
  }
  return removed;
}
