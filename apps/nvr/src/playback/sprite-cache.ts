import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, replaceFile } from '@nightjar/runtime';

/** Sprites on disk together. Full: the oldest go. */
const bytesMax = 256 * 1024 * 1024;
/** Recordings that it was made of may be gone by then. */
const ageMsMax = 7 * 24 * 3_600_000;
const spriteName = /^[0-9a-f]{64}\.jpg$/;

/** Sprites that were made, by the key of their plan. Whoever asks has been asked for his rights before. */
export class SpriteCache {
  constructor(private readonly directory: string) {}

  async read(key: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.pathOf(key));
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async write(key: string, jpeg: Buffer): Promise<void> {
    await mkdir(this.directory, { recursive: true });
    await replaceFile(this.pathOf(key), jpeg, { mode: 0o600 });
    await this.makeRoom();
  }

  private async makeRoom(): Promise<void> {
    const names = (await readdir(this.directory)).filter((name) => spriteName.test(name));
    const files = await Promise.all(
      names.map(async (name) => {
        const file = path.join(this.directory, name);
        const found = await stat(file).catch(() => undefined); // another process makes room too
        return { file, sizeBytes: found?.size ?? 0, writtenAtMs: found?.mtimeMs ?? 0 };
      }),
    );
    let usedBytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const { file, sizeBytes, writtenAtMs } of files.sort((one, other) => one.writtenAtMs - other.writtenAtMs)) {
      if (usedBytes <= bytesMax && Date.now() - writtenAtMs < ageMsMax) return;
      await rm(file, { force: true });
      usedBytes -= sizeBytes;
    }
  }

  private pathOf(key: string): string {
    return path.join(this.directory, `${key}.jpg`);
  }
}
