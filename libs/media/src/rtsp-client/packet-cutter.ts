const headerBytes = 4;
const dollar = 0x24;

/**
 * Cuts interleaved packets (RFC 2326, 10.12) out of runs of bytes, which may begin and end inside of one. What it gives out is only
 * good until the callback returns.
 */
export class PacketCutter {
  /** A packet that this run did not complete, with its header. */
  private readonly open = Buffer.allocUnsafeSlow(headerBytes + 0xffff);
  private openBytes = 0;

  /** @param onPacket called for each complete packet */
  constructor(private readonly onPacket: (channel: number, packet: Buffer) => void) {}

  push(run: Buffer): void {
    let at = this.openBytes > 0 ? this.complete(run) : 0;
    while (at + headerBytes <= run.length && run[at] === dollar) {
      const end = at + headerBytes + lengthAt(run, at);
      if (end > run.length) break;
      this.onPacket(run[at + 1] ?? 0, run.subarray(at + headerBytes, end));
      at = end;
    }
    if (at < run.length) this.openBytes += run.copy(this.open, this.openBytes, at);
  }

  /** Adds to the open packet what it lacks. @returns how much of the run that took */
  private complete(run: Buffer): number {
    let at = this.take(run, 0, headerBytes);
    if (this.openBytes < headerBytes) return at;
    const whole = headerBytes + lengthAt(this.open, 0);
    at += this.take(run, at, whole);
    if (this.openBytes < whole) return at;
    this.openBytes = 0;
    this.onPacket(this.open[1] ?? 0, this.open.subarray(headerBytes, whole));
    return at;
  }

  private take(run: Buffer, at: number, upTo: number): number {
    const taken = Math.max(0, Math.min(upTo - this.openBytes, run.length - at));
    run.copy(this.open, this.openBytes, at, at + taken);
    this.openBytes += taken;
    return taken;
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  return ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}
