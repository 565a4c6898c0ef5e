import { PacketCutter } from '../rtsp-client/packet-cutter.js';
import type { UnitCodec } from '../unit-splitter.js';
import { isDecoderStart } from './is-decoder-start.js';
import { sequenceOf } from './packet-order.js';

/** Media that nothing comes of are not waited for longer than this. */
const settlingMsMax = 3_000;
/** A camera of which no key frame is recognised for so long is passed on as it is. */
const keyFrameMsMax = 15_000;
/** How often FFmpeg is told again which moment a time stands for: its own reckoning ends after hours. */
const reportEveryMs = 60_000;
/** Seconds from 1900, where NTP counts from, to 1970. */
const ntpEpochOffsetS = 2_208_988_800;

interface Medium {
  readonly clockHz: number;
  /** Of the first packet, by this machine's clock. */
  firstUnixMs: number;
  lastTimestamp: number;
  /** Since the first packet. */
  ticks: number;
  reportedTicks: number;
}

/**
 * Gives picture and sound of a camera one clock. Each counts from a number of its own, and FFmpeg learns from the camera's sender reports
 * how they belong together; they come seconds later, and then it moves times that it has given out already. So the camera's reports
 * are left out, and FFmpeg gets ours before the first packet of each medium: they belong together by their arrival. From then on each
 * medium goes on by its own times, exactly.
 *
 * Both begin with a key frame. FFmpeg would throw earlier pictures away, but not their sound, and show the key frame from the begin of
 * the sound on.
 */
export class CommonClock {
  private readonly media = new Map<number, Medium>();
  private out: Buffer[] = [];
  private readonly cutter = new PacketCutter((channel, packet) => this.take(channel, packet));
  private readonly openedMs: number;
  /** When packets began to be passed on. */
  private startedMs: number | undefined;

  /**
   * @param options.clocksHz ticks a second of each medium, by the channel of its packets; may grow until the first packet
   * @param options.video which medium to look for a key frame in; undefined: all is passed on from the first packet on
   */
  constructor(
    private readonly options: {
      clocksHz: ReadonlyMap<number, number>;
      video?: { channel: number; codec: UnitCodec } | undefined;
      nowUnixMs: () => number;
    },
  ) {
    this.openedMs = options.nowUnixMs();
    if (!options.video) this.startedMs = this.openedMs;
  }

  /** Whether a medium is still to begin: the moment at which its first packet comes counts. */
  get isSettling(): boolean {
    const { clocksHz, nowUnixMs } = this.options;
    return this.media.size < clocksHz.size && (this.startedMs === undefined || nowUnixMs() - this.startedMs < settlingMsMax);
  }

  /**
   * Takes interleaved packets (RFC 2326, 10.12) in runs that may begin and end inside of one.
   * @returns what FFmpeg gets, always whole packets
   */
  push(run: Buffer): Buffer {
    this.cutter.push(run);
    const { out } = this;
    this.out = [];
    return Buffer.concat(out);
  }

  private take(channel: number, packet: Buffer): void {
    const clockHz = this.options.clocksHz.get(channel);
    // The camera's reports.
    if (clockHz === undefined || sequenceOf(packet) === undefined) return;
    this.startedMs ??= this.isBegin(channel, packet) ? this.options.nowUnixMs() : undefined;
    if (this.startedMs === undefined) return;
    const timestamp = packet.readUInt32BE(4);
    const medium = this.media.get(channel);
    if (!medium) {
      const begun = { clockHz, firstUnixMs: this.options.nowUnixMs(), lastTimestamp: timestamp, ticks: 0, reportedTicks: 0 };
      this.media.set(channel, begun);
      this.report(channel, begun, packet);
    } else {
      // The short way round: pictures may come in another order than they are shown in.
      medium.ticks += (timestamp - medium.lastTimestamp) | 0;
      medium.lastTimestamp = timestamp;
      if (Math.abs(medium.ticks - medium.reportedTicks) * 1_000 >= reportEveryMs * clockHz) this.report(channel, medium, packet);
    }
    this.put(channel, packet);
  }

  private isBegin(channel: number, packet: Buffer): boolean {
    const { nowUnixMs, video } = this.options;
    if (!video || nowUnixMs() - this.openedMs >= keyFrameMsMax) return true;
    return channel === video.channel && isDecoderStart(packet, video.codec);
  }

  /** A sender report (RFC 3550, 6.4.1) for the time of this packet. */
  private report(channel: number, medium: Medium, packet: Buffer): void {
    medium.reportedTicks = medium.ticks;
    const unixMs = medium.firstUnixMs + (medium.ticks * 1_000) / medium.clockHz;
    const seconds = Math.floor(unixMs / 1_000);
    const report = Buffer.alloc(28);
    report.writeUInt32BE(0x80c80006, 0);
    packet.copy(report, 4, 8, 12);
    report.writeUInt32BE((seconds + ntpEpochOffsetS) >>> 0, 8);
    report.writeUInt32BE(Math.floor(((unixMs - seconds * 1_000) / 1_000) * 2 ** 32) >>> 0, 12);
    report.writeUInt32BE(medium.lastTimestamp, 16);
    this.put(channel + 1, report);
  }

  private put(channel: number, packet: Buffer): void {
    const header = Buffer.from([0x24, channel, packet.length >> 8, packet.length & 0xff]);
    // The packet may lie in a buffer that is read into again.
    this.out.push(header, Buffer.from(packet));
  }
}
