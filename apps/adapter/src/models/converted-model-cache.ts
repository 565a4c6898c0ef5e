import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { hasErrorCode } from '@nightjar/runtime/error-code';
import type { Logger } from '@nightjar/runtime/logger';
import { replaceFile } from '@nightjar/runtime/replace-file';

/**
 * Converted models on disk, so that only the first start pays for the conversion. Several engine processes and adapters may
 * share the directory: a file appears whole or not at all. Losing it costs a conversion, nothing else.
 */
export class ConvertedModelCache {
  constructor(
    private readonly directory: string,
    private readonly logger: Logger,
  ) {}

  /**
   * The bytes under `key`, made with `convert` where there are none yet. A directory that can't be written is logged and
   * does not stop the start.
   * @param key file name without extension; must change with everything that changes the bytes
   */
  async get(key: string, convert: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> {
    const file = this.fileOf(key);
    try {
      return await readFile(file);
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) this.logger.warn('a converted model cannot be read', { key, error });
    }
    const bytes = await convert();
    await this.keep(file, bytes);
    return bytes;
  }

  /** Forgets a file that turned out to be damaged. */
  async discard(key: string): Promise<void> {
    await rm(this.fileOf(key), { force: true });
  }

  private fileOf(key: string): string {
    return path.join(this.directory, `${key}.onnx`);
  }

  private async keep(file: string, bytes: Uint8Array): Promise<void> {
    try {
      await mkdir(this.directory, { recursive: true });
      await replaceFile(file, bytes);
    } catch (error) {
      this.logger.warn('a converted model cannot be kept', { file: path.basename(file), error });
    }
  }
}
