/** Packets that wait for one before them; beyond it, what is missing is given up. A key frame of 4 Mbit has 400. */
const waitingMax = 2_048;
/** A sequence number that is further away than this begins anew: the camera was restarted, or it is another stream. */
const jumpMax = 3_000;

/** Sequence number of an RTP packet (RFC 3550, 5.1); undefined for what is none. */
export function sequenceOf(packet: Buffer): number | undefined {
  return packet.length >= 12 && (packet[0] ?? 0) >> 6 === 2 ? packet.readUInt16BE(2) : undefined;
}

/**
 * Puts the packets of one stream back into the order in which they were sent: networks swap and repeat them. What is missing is
 * waited for until the second `take` after it should have come, and then given up.
 */
export class PacketOrder {
  private readonly waiting = new Map<number, Buffer>();
  private next: number | undefined;
  private isOverdue = false;
  private lost = 0;

  /** Packets that never came, or too late. */
  get lostCount(): number {
    return this.lost;
  }

  /** What is no RTP is left out, and so is what came twice or too late. */
  put(packet: Buffer): void {
    const sequence = sequenceOf(packet);
    if (sequence === undefined) return;
    this.next ??= sequence;
    const ahead = distance(this.next, sequence);
    if (Math.abs(ahead) > jumpMax) {
      this.waiting.clear();
      this.next = sequence;
    } else if (ahead < 0) return;
    this.waiting.set(sequence, packet);
  }

  /** @returns what may be handed on now, in order */
  take(): Buffer[] {
    const taken = this.takeRun();
    // What waits behind a gap has waited once already, or there is too much of it.
    while (this.waiting.size > 0 && ((this.isOverdue && taken.length === 0) || this.waiting.size > waitingMax)) {
      this.skipGap();
      taken.push(...this.takeRun());
    }
    this.isOverdue = this.waiting.size > 0;
    return taken;
  }

  private takeRun(): Buffer[] {
    const run: Buffer[] = [];
    for (;;) {
      const packet = this.next === undefined ? undefined : this.waiting.get(this.next);
      if (this.next === undefined || !packet) return run;
      this.waiting.delete(this.next);
      this.next = (this.next + 1) & 0xffff;
      run.push(packet);
    }
  }

  private skipGap(): void {
    const from = this.next ?? 0;
    const gap = Math.min(...[...this.waiting.keys()].map((sequence) => distance(from, sequence)));
    this.lost += gap;
    this.next = (from + gap) & 0xffff;
  }
}

/** From one sequence number to another, the short way round. */
function distance(from: number, to: number): number {
  return ((to - from + 0x8000) & 0xffff) - 0x8000;
}
