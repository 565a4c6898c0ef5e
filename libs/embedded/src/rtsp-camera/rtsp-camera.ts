import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { AppError } from '@nightjar/runtime';
import { isServedBroken, type CameraFault } from './camera-fault.js';
import { isKeyFrame, type H264Clip } from './h264-clip.js';
import { packetizeFrame, packetizeSound, rtpClockHz, senderReport, type RtpStream } from './rtp.js';
import { RtspSession, type CameraDescription } from './rtsp-session.js';
import type { SoundClip } from './sound-clip.js';

const sessionsMax = 64;
const reportEveryMs = 1_000;
/** Behind by more than this (a sleeping machine), time is given up instead of being caught up with in a burst. */
const lagMaxMs = 1_000;

export interface RtspCameraOptions {
  readonly clip: H264Clip;
  /** Looped by itself. */
  readonly sound?: SoundClip;
  /** Port on loopback; a free one when absent. */
  readonly port?: number;
  /** Default `/camera`. */
  readonly path?: string;
  readonly credentials?: { readonly user: string; readonly password: string };
  /** How the password is asked for; default `basic`. */
  readonly authentication?: 'basic' | 'digest';
  /** How it can send; default `both`. Real ones that know one way only answer 461 for the other. */
  readonly transports?: 'both' | 'tcp' | 'udp';
  /** What the fault `resolution_change` goes over to, and back. */
  readonly otherClip?: H264Clip;
  /** Where the fault `redirect` leads. */
  readonly redirectUrl?: string;
}

type Behaviour = 'live' | 'stalled' | 'refusing';

/**
 * A camera: an RTSP/1.0 server on loopback that plays a clip in a loop at its own speed, for ever, over TCP (interleaved)
 * and UDP. Its sender reports carry the wall clock. Faults of real cameras can be turned on.
 */
export class RtspCamera {
  private readonly server: Server;
  private readonly sessions = new Set<RtspSession>();
  private readonly stream = newStream();
  private readonly soundStream = newStream();
  private readonly firstTimestamp = randomBytes(4).readUInt32BE();
  private readonly description: CameraDescription;
  private behaviour: Behaviour = 'live';
  private fault: CameraFault | undefined;
  private frameNumber = 0;
  private soundFrameNumber = 0;
  private startedSoundAtMs = 0;
  private accepted = 0;
  private startedAtMs = 0;
  private reportedAtMs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RtspCameraOptions) {
    this.description = {
      clip: options.clip,
      sound: options.sound,
      path: options.path ?? '/camera',
      credentials: options.credentials,
      authentication: options.authentication ?? 'basic',
      transports: options.transports ?? 'both',
      redirectUrl: options.redirectUrl ?? 'rtsp://127.0.0.1:1/',
      fault: () => this.fault,
      senderReport: () => this.report(),
    };
    this.server = createServer((socket) => this.accept(socket));
  }

  /**
   * Starts to play and to listen.
   * @throws AppError `unavailable` when the port is taken
   */
  async start(): Promise<void> {
    const { port = 0, clip } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (cause) => reject(new AppError('unavailable', `the camera cannot listen on port ${port}`, { cause })));
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.startedAtMs = performance.now();
    this.timer = setInterval(() => this.playDueFrames(), 1000 / clip.framesPerSecond / 2);
  }

  /** Address with credentials. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new AppError('unavailable', 'the camera is not started');
    const { credentials } = this.options;
    const login = credentials ? `${encodeURIComponent(credentials.user)}:${encodeURIComponent(credentials.password)}@` : '';
    return `rtsp://${login}127.0.0.1:${address.port}${this.description.path}`;
  }

  /** Connections that are open now. */
  get sessionCount(): number {
    return this.sessions.size;
  }

  /** Connections there have ever been. */
  get acceptedCount(): number {
    return this.accepted;
  }

  /** Fault: every connection is cut; new ones are accepted. */
  dropAll(): void {
    for (const session of this.sessions) session.destroy();
  }

  /** Fault: connections stay open and nothing is sent. */
  stall(): void {
    this.behaviour = 'stalled';
  }

  /** Fault: the camera is away. Connections are cut and new ones are hung up on. */
  refuse(): void {
    this.behaviour = 'refusing';
    this.dropAll();
  }

  /** Fault: the camera is broken in this way, or no longer. Connections are cut. */
  breakDown(fault: CameraFault | undefined): void {
    this.fault = fault;
    this.dropAll();
  }

  /** Ends stall and refuse. */
  resume(): void {
    this.behaviour = 'live';
  }

  /** Cuts every connection and stops listening; then no session is left. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    const ended = Array.from(this.sessions, (session) => session.ended);
    this.dropAll();
    // The server says that it is closed before its last sockets do.
    await Promise.all([...ended, new Promise<void>((resolve) => this.server.close(() => resolve()))]);
  }

  private accept(socket: Socket): void {
    // "full": one more client is hung up on, like a camera does.
    if (this.behaviour === 'refusing' || this.sessions.size >= sessionsMax) {
      socket.destroy();
      return;
    }
    this.accepted += 1;
    if (isServedBroken(socket, this.fault)) return;
    const session = new RtspSession(socket, this.description);
    this.sessions.add(session);
    void session.ended.then(() => this.sessions.delete(session));
  }

  private playDueFrames(): void {
    const { framesPerSecond } = this.options.clip;
    const dueFrames = (nowMs: number): number => ((nowMs - this.startedAtMs) / 1000) * framesPerSecond;
    const nowMs = performance.now();
    const lagMs = ((dueFrames(nowMs) - this.frameNumber) / framesPerSecond) * 1000;
    if (lagMs > lagMaxMs) this.startedAtMs += lagMs;
    while (this.frameNumber < dueFrames(nowMs)) this.playFrame();
    this.playDueSound(nowMs);
    if (nowMs - this.reportedAtMs < reportEveryMs || this.behaviour === 'stalled') return;
    this.reportedAtMs = nowMs;
    const report = this.report();
    for (const session of this.sessions) session.sendReport(report);
  }

  private playFrame(): void {
    const { accessUnits } = this.clipNow();
    const accessUnit = accessUnits[this.fault === 'frozen' ? 0 : this.frameNumber % accessUnits.length] ?? [];
    const timestamp = this.timestampOf(this.frameNumber);
    this.frameNumber += 1;
    if (this.behaviour === 'stalled' || this.fault === 'stall' || this.sessions.size === 0) return;
    const packets = packetizeFrame(this.stream, accessUnit, timestamp);
    const startsHere = isKeyFrame(accessUnit);
    for (const session of this.sessions) session.sendFrame(packets, startsHere);
  }

  private playDueSound(nowMs: number): void {
    const { sound } = this.options;
    if (!sound) return;
    const { frames, frameSamples, samplesPerSecond } = sound;
    const frameMs = (frameSamples * 1_000) / samplesPerSecond;
    const dueMs = () => this.startedSoundAtMs + this.soundFrameNumber * frameMs;
    if (this.startedSoundAtMs === 0 || nowMs - dueMs() > lagMaxMs) {
      this.startedSoundAtMs = nowMs;
      this.soundFrameNumber = 0;
    }
    for (; dueMs() <= nowMs; this.soundFrameNumber++) {
      const frame = frames[this.soundFrameNumber % frames.length] ?? Buffer.alloc(0);
      const rtpTimestamp = (this.firstTimestamp + Math.round(((dueMs() - this.startedAtMs) * samplesPerSecond) / 1_000)) >>> 0;
      if (this.behaviour === 'stalled' || this.fault === 'stall' || this.sessions.size === 0) continue;
      const packet = packetizeSound(this.soundStream, frame, { codec: sound.codec, rtpTimestamp });
      const isReported = this.soundFrameNumber % Math.ceil(reportEveryMs / frameMs) === 0;
      const report = isReported ? senderReport(this.soundStream, rtpTimestamp, performance.timeOrigin + dueMs()) : undefined;
      for (const session of this.sessions) session.sendSound(packet, report);
    }
  }

  /** Maps the moment the next frame is due to the frame's timestamp. */
  private report(): Buffer {
    const dueAtMs = this.startedAtMs + (this.frameNumber / this.options.clip.framesPerSecond) * 1000;
    return senderReport(this.stream, this.timestampOf(this.frameNumber), performance.timeOrigin + dueAtMs);
  }

  private clipNow(): H264Clip {
    const { clip, otherClip } = this.options;
    const isChanged = this.fault === 'resolution_change' && Math.floor(this.frameNumber / clip.accessUnits.length) % 2 === 1;
    return isChanged && otherClip ? otherClip : clip;
  }

  private timestampOf(frameNumber: number): number {
    const ticks = Math.round((frameNumber * rtpClockHz) / this.options.clip.framesPerSecond);
    // Five seconds back every two seconds; the end of the counter every four.
    if (this.fault === 'times_backwards') return (2 ** 31 + ticks - Math.floor(ticks / (2 * rtpClockHz)) * 5 * rtpClockHz) % 2 ** 32;
    if (this.fault === 'times_wrap') return (2 ** 32 - 2 * rtpClockHz + (ticks % (4 * rtpClockHz))) % 2 ** 32;
    return (this.firstTimestamp + ticks) % 2 ** 32;
  }
}

function newStream(): RtpStream {
  return { ssrc: randomBytes(4).readUInt32BE(), sequence: randomBytes(2).readUInt16BE(), packets: 0, payloadBytes: 0 };
}
