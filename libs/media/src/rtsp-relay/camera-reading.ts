import { calmTicks, promptTicks, type ReadTicks } from './read-ticks.js';

/** A read that is so long filled the buffer: there is more already. */
const readBytesMax = 64 * 1024;

/**
 * What a camera's bytes are read into, and when it is read on. It is not while its reader is full, for TCP to tell it so; and between
 * two ticks, where nothing is in a hurry.
 */
export class CameraReading {
  /** Taken again as soon as the reader has all of it, which is nearly always at once. */
  private bytes = Buffer.allocUnsafeSlow(readBytesMax);
  private isFree = true;
  private isReaderFull = false;
  /** At whose next tick the camera is read on; undefined: at once. */
  private pausedUntil: ReadTicks | undefined;

  /**
   * @param options.isPrompt whether the newest picture is looked at now; it is asked at each pause
   * @param options.readOn reads the socket again
   */
  constructor(private readonly options: { isPrompt: () => boolean; readOn: () => void }) {}

  get isPaused(): boolean {
    return this.isReaderFull || this.pausedUntil !== undefined;
  }

  /** For the next read. */
  freeBuffer(): Buffer {
    if (!this.isFree) this.bytes = Buffer.allocUnsafeSlow(readBytesMax);
    this.isFree = true;
    return this.bytes;
  }

  /** What the read of the buffer brought. */
  read(count: number): Buffer {
    return this.bytes.subarray(0, count);
  }

  /** @param isTaken false while what was read still lies in the buffer: the next read gets another one */
  leave(isTaken: boolean): void {
    this.isFree = isTaken;
  }

  noteReaderFull(): void {
    this.isReaderFull = true;
  }

  noteReaderRoom(): void {
    this.isReaderFull = false;
    this.readOn();
  }

  /** Waits for the next tick, unless this read was followed by more already. */
  pause(readBytes: number): void {
    if (this.pausedUntil || readBytes === readBytesMax) return;
    this.pausedUntil = this.options.isPrompt() ? promptTicks : calmTicks;
    this.pausedUntil.wait(this.onTick);
  }

  end(): void {
    this.pausedUntil?.forget(this.onTick);
  }

  private readonly onTick = (): void => {
    this.pausedUntil = undefined;
    this.readOn();
  };

  private readOn(): void {
    if (!this.isPaused) this.options.readOn();
  }
}
