import { createWriteStream, existsSync, renameSync, statSync, type WriteStream } from 'node:fs';

const fileBytesMax = 10 * 1024 * 1024;
/** Bytes that may wait for the disk. */
const unwrittenBytesMax = 1024 * 1024;

/**
 * What a service says, kept in a file that is turned over at 10 MiB; the one before is kept. Losing lines is better than
 * stopping the service: with a slow or full disk they are dropped.
 */
export class LogFile {
  private stream: WriteStream;
  private bytes: number;

  constructor(private readonly file: string) {
    this.bytes = existsSync(file) ? statSync(file).size : 0;
    this.stream = this.open();
  }

  write(chunk: Buffer): void {
    if (this.bytes + chunk.length > fileBytesMax) this.turnOver();
    if (this.stream.destroyed) this.stream = this.open();
    if (this.stream.writableLength > unwrittenBytesMax) return;
    this.bytes += chunk.length;
    this.stream.write(chunk);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.stream.destroyed) resolve();
      else this.stream.end(resolve);
    });
  }

  private turnOver(): void {
    this.stream.end();
    renameSync(this.file, `${this.file}.1`);
    this.bytes = 0;
    this.stream = this.open();
  }

  private open(): WriteStream {
    const stream = createWriteStream(this.file, { flags: 'a', mode: 0o600 });
    stream.on('error', () => stream.destroy()); // a full disk: the next line tries again
    return stream;
  }
}
