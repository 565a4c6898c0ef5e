import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, replaceFile } from '@nightjar/runtime';

/** Sprites on disk together. Full: the oldest go. */
const bytesMax = 256 * 1024 * 1024;
/** Recordings that it was made of may be gone by then. */
const ageMsMax = 7 * 24 * 3_600_000;
/** Earlier releases kept them without folders. */
const spriteForm = /^(?:[0-9a-f-]{36}\/)?[0-9a-f]{64}\.jpg$/;

/** Which sprite: of this camera, of the plan with this key. */
export interface SpriteName {
  cameraUuid: string;
  key: string;
}

/** Sprites that were made, a folder for each camera: it goes when the camera is erased. Whoever asks has been asked for his rights before. */
export class SpriteCache {
  constructor(private readonly directory: string) {}

  async read(name: SpriteName): Promise<Buffer | undefined> {
    try {
      return await readFile(this.pathOf(name));
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async write(name: SpriteName, jpeg: Buffer): Promise<void> {
    const file = this.pathOf(name);
    await mkdir(path.dirname(file), { recursive: true });
    await replaceFile(file, jpeg, { mode: 0o600 });
    await this.sweep();
  }

  /** Removes what is too old, and the oldest of what is too much. Asked for now and then: where none is made any more, too. */
  async sweep(): Promise<void> {
    const names = (await this.list()).filter((name) => spriteForm.test(name));
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

  private async list(): Promise<string[]> {
    try {
      return await readdir(this.directory, { recursive: true });
    } catch (error) {
      // None was made yet, or a folder went with its camera while it was read.
      if (hasErrorCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  private pathOf({ cameraUuid, key }: SpriteName): string {
    return path.join(this.directory, cameraUuid, `${key}.jpg`);
  }
}
