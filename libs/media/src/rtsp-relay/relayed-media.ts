import { codecOfEncoding } from '../rtsp-client/video-of-description.js';
import type { UnitCodec } from '../unit-splitter.js';
import { CommonClock } from './common-clock.js';
import type { DescribedTrack } from './rewrite-session-description.js';
import { SteadyPackets } from './steady-packets.js';

/**
 * The media that are set up, on their way to FFmpeg: without the jumps of a camera's clock, and where there are several, on one clock.
 */
export class RelayedMedia {
  private readonly clocksHz = new Map<number, number>();
  private video: { channel: number; codec: UnitCodec } | undefined;
  private readonly packets = new SteadyPackets(() => performance.now());
  private clock: CommonClock | undefined;

  /** A medium that the camera granted, by the channel of its packets. */
  add(channel: number, { clockHz, encoding, media }: DescribedTrack): void {
    this.clocksHz.set(channel, clockHz);
    this.packets.add(channel, clockHz);
    const codec = media === 'video' ? codecOfEncoding(encoding ?? '') : undefined;
    if (codec) this.video ??= { channel, codec };
  }

  /** The camera plays from now on. */
  begin(): void {
    if (this.clocksHz.size > 1) this.clock ??= new CommonClock({ clocksHz: this.clocksHz, video: this.video, nowUnixMs: Date.now });
  }

  /** Whether the moment counts at which packets come: they are not to wait. */
  get isSettling(): boolean {
    return this.clock?.isSettling ?? false;
  }

  /** @param bytes interleaved packets; written into @returns what FFmpeg gets of them */
  pass(bytes: Buffer): Buffer {
    const steady = this.packets.pass(bytes);
    return this.clock?.push(steady) ?? steady;
  }
}
