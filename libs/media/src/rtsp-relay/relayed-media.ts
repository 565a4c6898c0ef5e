import { codecOfEncoding } from '../rtsp-client/video-of-description.js';
import type { UnitCodec } from '../unit-splitter.js';
import { CommonClock } from './common-clock.js';
import type { DescribedTrack } from './rewrite-session-description.js';

/** The media that are set up, on their way to FFmpeg. With a single one there is nothing that belongs together, and bytes pass as they are. */
export class RelayedMedia {
  private readonly clocksHz = new Map<number, number>();
  private video: { channel: number; codec: UnitCodec } | undefined;
  private clock: CommonClock | undefined;

  /** A medium that the camera granted, by the channel of its packets. */
  add(channel: number, { clockHz, encoding, media }: DescribedTrack): void {
    this.clocksHz.set(channel, clockHz);
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

  /** @returns what FFmpeg gets of interleaved packets */
  pass(bytes: Buffer): Buffer {
    return this.clock?.push(bytes) ?? bytes;
  }
}
