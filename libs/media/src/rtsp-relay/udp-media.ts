import { AppError } from '@nightjar/runtime';
import { UdpTrack, type UdpEnds } from './udp-track.js';

/** Picture and sound, each as the camera describes it; two ports each. */
const tracksMax = 4;

/** Everything that one camera sends over UDP, handed on at a pace as if it had come inside of the RTSP connection. */
export class UdpMedia {
  private readonly tracks = new Map<number, UdpTrack>();
  private readonly pacing: NodeJS.Timeout;
  private isClosed = false;

  /**
   * @param options.everyMs how often what came is handed on; packets that come out of order are waited for up to twice as long
   * @param options.onPacket called for each packet, at once
   * @param options.onMedia called with what is handed on
   */
  constructor(private readonly options: { everyMs: number; onPacket: () => void; onMedia: (bytes: Buffer) => void }) {
    this.pacing = setInterval(() => this.handOn(), options.everyMs);
  }

  /** Packets of the camera that never came. */
  get lostCount(): number {
    return [...this.tracks.values()].reduce((sum, { lostCount }) => sum + lostCount, 0);
  }

  /** Listens for one more medium. @throws AppError `unavailable` without ports, or for more media than a camera has */
  async open(channel: number, ends: UdpEnds): Promise<UdpTrack> {
    if (this.tracks.size >= tracksMax && !this.tracks.has(channel))
      throw new AppError('unavailable', 'FFmpeg asks for more media than a camera has', { retryAfterMs: 1_000 });
    this.tracks.get(channel)?.close();
    const track = await UdpTrack.open({ ...ends, channel, onPacket: this.options.onPacket });
    this.tracks.set(channel, track);
    if (this.isClosed) track.close();
    return track;
  }

  /** FFmpeg's reports for the camera, as they stand in its connection. One that comes in two pieces is left out: others follow. */
  sendReports(bytes: Buffer): void {
    for (let at = 0; at + 4 <= bytes.length && bytes[at] === 0x24;) {
      const end = at + 4 + bytes.readUInt16BE(at + 2);
      if (end > bytes.length) return;
      // Reports have the channel behind that of their packets.
      this.tracks.get((bytes[at + 1] ?? 0) - 1)?.sendReport(bytes.subarray(at + 4, end));
      at = end;
    }
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.pacing);
    for (const track of this.tracks.values()) track.close();
  }

  private handOn(): void {
    for (const track of this.tracks.values()) {
      const bytes = track.take();
      if (bytes.length > 0) this.options.onMedia(bytes);
    }
  }
}
