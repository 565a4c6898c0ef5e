import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { frameBytesMax } from '@nightjar/contracts';
import { AppError, hasErrorCode, readFrameFile, replaceFile, toAppError, type Logger } from '@nightjar/runtime';
import type { ApiConfig } from '../config.js';
import { CONFIG, LOGGER } from '../process-parts.js';

/** What the row holds, and nothing else may be read: `<camera uuid>/<event>-<content>.jpg`. */
const fileName = /^[0-9a-f-]{36}\/[0-9a-f]{16}-[0-9a-f]{16}\.jpg$/;
const jpegStart = Buffer.from([0xff, 0xd8, 0xff]);

export interface KeptEvidence {
  /** Relative to the evidence directory. */
  file: string;
  /** Whether this call wrote it. */
  isNew: boolean;
}

/** Copies pictures of events out of the frames directory, where the agent writes over them. */
@Injectable()
export class EvidenceFiles {
  constructor(
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The name tells event and content, so that a report that comes twice makes one file. Undefined when there is no such picture: the event counts without. */
  async keep(options: { cameraUuid: string; framesName: string; frameFile: string; eventKey: string }): Promise<KeptEvidence | undefined> {
    const { cameraUuid, eventKey, frameFile, framesName } = options;
    const bytes = await this.readPicture(framesName, frameFile);
    return bytes && this.keepIfPossible(bytes, { cameraUuid, eventKey });
  }

  /** As `keep`, of a picture that is at hand. Where the disk does not take it the event counts without: its row needs no such disk. */
  async keepIfPossible(bytes: Buffer, event: { cameraUuid: string; eventKey: string }): Promise<KeptEvidence | undefined> {
    return this.keepBytes(bytes, event).catch((error: unknown) => {
      this.logger.error('the picture of an event is not kept: the disk does not take it', { cameraUuid: event.cameraUuid, error });
      return undefined;
    });
  }

  /** @throws what the file system says */
  async keepBytes(bytes: Buffer, { cameraUuid, eventKey }: { cameraUuid: string; eventKey: string }): Promise<KeptEvidence> {
    const file = `${cameraUuid}/${digest(eventKey)}-${digest(bytes)}.jpg`;
    const target = path.join(this.config.evidenceDir, file);
    if (await exists(target)) return { file, isNew: false };
    await mkdir(path.dirname(target), { recursive: true });
    // Before the row that names it.
    await replaceFile(target, bytes, { durable: true });
    return { file, isNew: true };
  }

  async drop(file: string): Promise<void> {
    await rm(this.pathOf(file), { force: true });
  }

  /** @throws AppError `not_found` when retention or somebody removed it */
  async read(file: string): Promise<Buffer> {
    try {
      return await readFile(this.pathOf(file));
    } catch (cause) {
      if (hasErrorCode(cause, 'ENOENT')) throw new AppError('not_found', 'this event has no picture', { cause });
      throw cause;
    }
  }

  private pathOf(file: string): string {
    if (!fileName.test(file)) throw new AppError('internal', 'an evidence file has a name that is not ours');
    return path.join(this.config.evidenceDir, file);
  }

  private async readPicture(framesName: string, frameFile: string): Promise<Buffer | undefined> {
    try {
      const { bytes } = await readFrameFile(this.config.framesDir, { directory: framesName, file: frameFile }, frameBytesMax);
      if (bytes.subarray(0, 3).equals(jpegStart)) return bytes;
      this.logger.warn('the picture of an event is no JPEG', { framesName, frameFile });
    } catch (error) {
      this.logger.warn('the picture of an event cannot be read', { framesName, frameFile, reason: toAppError(error).message, error });
    }
    return undefined;
  }
}

function digest(of: string | Buffer): string {
  return createHash('sha256').update(of).digest('hex').slice(0, 16);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
