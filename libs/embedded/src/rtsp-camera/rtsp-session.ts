import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { answerBroken, breakMedia, type CameraFault } from './camera-fault.js';
import { digestChallenge, isDigestAnswer } from './check-digest.js';
import type { H264Clip } from './h264-clip.js';
import { renderResponse, RtspParser, RtspSyntaxError, type RtspRequest } from './rtsp-message.js';
import type { SoundClip } from './sound-clip.js';
import { interleavedTransport, udpTransport, type RtspTransport } from './rtsp-transport.js';

/** Address of the sound behind that of the stream. */
const soundTrack = 'track2';
const supportedMethods = 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER, SET_PARAMETER';

/** What a session needs to know of its camera. */
export interface CameraDescription {
  readonly clip: H264Clip;
  readonly sound: SoundClip | undefined;
  /** Path of the stream, e.g. `/camera`. */
  readonly path: string;
  /** Open when absent. */
  readonly credentials?: { readonly user: string; readonly password: string } | undefined;
  readonly authentication: 'basic' | 'digest';
  readonly transports: 'both' | 'tcp' | 'udp';
  readonly redirectUrl: string;
  readonly fault: () => CameraFault | undefined;
  /** A sender report for this moment, sent before the first frame. */
  readonly senderReport: () => Buffer;
}

/** One client of the camera: its RTSP connection and where its packets go. */
export class RtspSession {
  /** Settles when the connection is gone. */
  readonly ended: Promise<void>;
  private readonly id = randomBytes(8).toString('hex');
  private readonly parser = new RtspParser();
  private transport: RtspTransport | undefined;
  private soundTransport: RtspTransport | undefined;
  private playing = false;
  /** Packets flow from a key frame on: at the start, and again after some were dropped. */
  private synchronised = false;
  /** Requests are answered in order, one after the other. */
  private answering: Promise<void> = Promise.resolve();

  constructor(
    private readonly socket: Socket,
    private readonly camera: CameraDescription,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => socket.destroy()); // a client that goes away is normal; 'close' follows
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.transport?.close();
        this.soundTransport?.close();
        resolve();
      });
    });
  }

  /** Sends one frame's packets, or none until the next key frame when the client is behind. */
  sendFrame(packets: readonly Buffer[], isKeyFrame: boolean): void {
    if (!this.playing || !this.transport) return;
    if (isKeyFrame) this.synchronised = true;
    if (!this.synchronised) return;
    if (breakMedia(this.socket, this.camera.fault(), packets)) return;
    this.socket.cork();
    for (const packet of packets) {
      if (this.transport.sendRtp(packet)) continue;
      this.synchronised = false;
      break;
    }
    this.socket.uncork();
  }

  /** Sends one packet of sound with its report, if it has one. */
  sendSound(packet: Buffer, report: Buffer | undefined): void {
    if (!this.playing) return;
    if (report) this.soundTransport?.sendRtcp(report);
    this.soundTransport?.sendRtp(packet);
  }

  sendReport(report: Buffer): void {
    if (this.playing) this.transport?.sendRtcp(report);
  }

  destroy(): void {
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    try {
      for (const request of this.parser.push(chunk)) {
        this.answering = this.answering.then(async () => {
          const answer = await this.answer(request);
          if (this.socket.destroyed) return;
          if (answerBroken({ socket: this.socket, fault: this.camera.fault(), request, answer, redirectUrl: this.camera.redirectUrl }))
            return;
          this.socket.write(answer);
          if (request.method === 'PLAY' && answer.startsWith('RTSP/1.0 200')) this.play();
        });
        this.answering.catch(() => this.socket.destroy());
      }
    } catch (error) {
      if (!(error instanceof RtspSyntaxError)) throw error;
      this.socket.destroy();
    }
  }

  private async answer(request: RtspRequest): Promise<string> {
    if (!this.isAuthorised(request)) {
      const challenge = this.camera.authentication === 'digest' ? digestChallenge(this.id) : 'Basic realm="camera"';
      return renderResponse(request, '401 Unauthorized', { 'WWW-Authenticate': challenge });
    }
    if (request.method === 'OPTIONS') return renderResponse(request, '200 OK', { Public: supportedMethods });
    if (!this.isOurPath(request.url)) return renderResponse(request, '404 Not Found');
    switch (request.method) {
      case 'DESCRIBE':
        return renderResponse(
          request,
          '200 OK',
          { 'Content-Type': 'application/sdp', 'Content-Base': `${request.url}/` },
          describeStream(this.camera.clip) + (this.camera.sound ? describeSound(this.camera.sound) : ''),
        );
      case 'SETUP':
        return this.setUp(request);
      case 'PLAY':
        if (!this.transport && !this.soundTransport) return renderResponse(request, '455 Method Not Valid in This State');
        return renderResponse(request, '200 OK', { Session: this.id, Range: 'npt=now-' });
      case 'TEARDOWN':
        this.playing = false;
        return renderResponse(request, '200 OK', { Session: this.id });
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
        return renderResponse(request, '200 OK', { Session: this.id });
      default:
        return renderResponse(request, '501 Not Implemented');
    }
  }

  private async setUp(request: RtspRequest): Promise<string> {
    const wanted = request.headers.get('transport') ?? '';
    const { transports } = this.camera;
    const channel = transports === 'udp' ? undefined : /interleaved=(\d{1,3})-/.exec(wanted)?.[1];
    const clientPort = transports === 'tcp' ? undefined : /client_port=(\d{1,5})-/.exec(wanted)?.[1];
    const address = this.socket.remoteAddress?.replace('::ffff:', '');
    let transport: RtspTransport;
    if (channel !== undefined && Number(channel) <= 254) transport = interleavedTransport(this.socket, Number(channel));
    else if (clientPort !== undefined && Number(clientPort) < 65_535 && address !== undefined)
      transport = await udpTransport(address, Number(clientPort));
    else return renderResponse(request, '461 Unsupported Transport');
    const track = request.url.endsWith(`/${soundTrack}`) ? 'soundTransport' : 'transport';
    this[track]?.close();
    this[track] = transport;
    return renderResponse(request, '200 OK', { Session: `${this.id};timeout=60`, Transport: transport.description });
  }

  private play(): void {
    this.playing = true;
    this.synchronised = false;
    this.transport?.sendRtcp(this.camera.senderReport());
  }

  private isAuthorised(request: RtspRequest): boolean {
    const { credentials } = this.camera;
    if (!credentials) return true;
    if (this.camera.authentication === 'digest') return isDigestAnswer({ request, credentials, nonce: this.id });
    const expected = `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`;
    return request.headers.get('authorization') === expected;
  }

  private isOurPath(url: string): boolean {
    const path = /^rtsps?:\/\/[^/]+(\/[^?]*)?/.exec(url)?.[1] ?? '';
    return path === this.camera.path || path.startsWith(`${this.camera.path}/`);
  }
}

/** Session description (RFC 4566, RFC 6184 8.1) of the one video stream. */
function describeStream({ sequenceParameters, pictureParameters, framesPerSecond }: H264Clip): string {
  const profile = sequenceParameters.subarray(1, 4).toString('hex');
  const parameterSets = `${sequenceParameters.toString('base64')},${pictureParameters.toString('base64')}`;
  return [
    'v=0',
    'o=- 0 0 IN IP4 127.0.0.1',
    's=camera',
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=control:*',
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 packetization-mode=1;profile-level-id=${profile};sprop-parameter-sets=${parameterSets}`,
    `a=framerate:${framesPerSecond}`,
    'a=control:track1',
    '',
  ].join('\r\n');
}

/** Description of the sound (RFC 3640 4.1; G.711 has a payload type of its own). */
function describeSound({ channels, codec, configuration, samplesPerSecond }: SoundClip): string {
  const format =
    codec === 'pcm_mulaw'
      ? ['m=audio 0 RTP/AVP 0']
      : [
          'm=audio 0 RTP/AVP 97',
          `a=rtpmap:97 MPEG4-GENERIC/${samplesPerSecond}/${channels}`,
          `a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=${configuration}`,
        ];
  return [...format, `a=control:${soundTrack}`, ''].join('\r\n');
}
