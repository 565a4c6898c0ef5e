import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode, syncDirectory } from '@nightjar/runtime';

/** `<export id>.<lease id>.mp4`: two processes that make the same export never write the same file. */
const finishedName = /^[0-9a-f-]{36}\.([0-9a-f-]{36})\.mp4$/;
const unfinishedName = /^\.[0-9a-f-]{36}\.([0-9a-f-]{36})\.part$/;

/** Which export of which attempt a file is. */
interface ExportFileName {
  id: string;
  leaseId: string;
}

/** The directory of exports. Names are made here, of ids only: nothing that a user wrote becomes part of a path. */
export class ExportFiles {
  constructor(private readonly directory: string) {}

  pathOf({ id, leaseId }: ExportFileName): string {
    return path.join(this.directory, `${id}.${leaseId}.mp4`);
  }

  /**
   * Writes a file that is there whole or not at all, also after a power cut.
   * @throws the error of the disk, or of what is read; nothing is left then
   */
  async write(name: ExportFileName, content: AsyncIterable<Buffer>, onWritten: (bytes: number) => void): Promise<void> {
    const unfinished = path.join(this.directory, `.${name.id}.${name.leaseId}.part`);
    await mkdir(this.directory, { recursive: true });
    try {
      const handle = await open(unfinished, 'wx', 0o600);
      try {
        for await (const chunk of content) {
          await handle.writeFile(chunk);
          onWritten(chunk.length);
        }
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(unfinished, this.pathOf(name));
      await syncDirectory(this.directory);
    } catch (error) {
      await rm(unfinished, { force: true }).catch(() => undefined); // the first error is the one to tell
      throw error;
    }
  }

  async remove(name: ExportFileName): Promise<void> {
    await rm(this.pathOf(name), { force: true });
  }

  /** Files by the lease that they were made under. */
  async list(): Promise<Map<string, string>> {
    const names = await readdir(this.directory).catch((error: unknown) => {
      if (hasErrorCode(error, 'ENOENT')) return [];
      throw error;
    });
    const files = new Map<string, string>();
    for (const name of names) {
      const leaseId = finishedName.exec(name)?.[1] ?? unfinishedName.exec(name)?.[1];
      if (leaseId !== undefined) files.set(leaseId, path.join(this.directory, name));
    }
    return files;
  }

  /** Removes a listed file if nobody wrote to it lately. */
  async removeOrphan(file: string, idleMsMin: number): Promise<boolean> {
    const found = await stat(file).catch(() => undefined);
    if (!found || Date.now() - found.mtimeMs < idleMsMin) return false;
    await rm(file, { force: true });
    return true;
  }
}
