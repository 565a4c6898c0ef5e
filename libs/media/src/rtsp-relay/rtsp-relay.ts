import { randomBytes, timingSafeEqual } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { AppError } from '@nightjar/runtime';
import { CameraAuthorization, type CameraCredentials } from './camera-authorization.js';
import { RelayedConnection } from './relayed-connection.js';
import type { DescribedTrack } from './rewrite-session-description.js';
import { RtspSplitter, type RtspMessage } from './rtsp-splitter.js';
import type { CameraTransport } from './transport-header.js';

/** FFmpeg connects as soon as it runs, which takes seconds on a machine that is busy. */
const clientMsMax = 30_000;
/** Somebody else on this machine who found the port: hung up on after a moment, few at a time. */
const strangerMsMax = 5_000;
const strangersMax = 8;
const standardPorts = { 'rtsp:': 554, 'rtsps:': 322 } as const;

interface RelayOptions {
  /** How the camera sends its packets; default `auto`: inside of the connection if it can, else over UDP. */
  readonly transport?: CameraTransport | undefined;
  /** Whether the newest picture is looked at now; it is asked at each read, default yes. If not, the camera is read less often. */
  readonly isPrompt?: (() => boolean) | undefined;
  /** Whether FFmpeg is to hear AAC too; default no. */
  readonly withSound?: boolean | undefined;
  /** Longest wait for the connection to the camera, and for its whole answer to one request. */
  readonly answerMsMax?: number;
}

/**
 * A door to one camera for one FFmpeg. FFmpeg speaks RTSP with us on loopback; we speak with the camera, at the one address that
 * was checked. So no password stands in a command line, no redirect or address in a description leads anywhere, and what a camera
 * says is bounded before FFmpeg reads it. FFmpeg gets its packets inside the connection, also where the camera sends them over UDP
 * (udp-track.ts); under `rtsps` the camera's side is TLS, whose certificate is not checked: cameras sign their own.
 *
 * Takes one connection, whose first request has to know the random path, and ends with it; by itself, when nobody comes.
 */
export class RtspRelay {
  /** For FFmpeg; good for one connection. */
  readonly url: string;
  private readonly strangers = new Map<Socket, NodeJS.Timeout>();
  private connection: RelayedConnection | undefined;
  private readonly unclaimed: NodeJS.Timeout;
  private found: AppError | undefined;
  private described: readonly DescribedTrack[] = [];

  private constructor(
    private readonly server: Server,
    private readonly target: CameraTarget,
    private readonly options: RelayOptions,
  ) {
    const { port } = server.address() as AddressInfo;
    this.url = `rtsp://127.0.0.1:${port}/${randomBytes(24).toString('hex')}`;
    server.on('connection', (socket) => this.greet(socket));
    this.unclaimed = setTimeout(() => this.stopListening(), clientMsMax);
    this.unclaimed.unref();
  }

  /**
   * Listens; the camera is asked when FFmpeg is there.
   * @param url `rtsp://` or `rtsps://` with an IP address that was checked and perhaps credentials. Never log it
   * @throws AppError `invalid_argument` for another URL, `unavailable` when there is no port to listen on
   */
  static async open(url: string, options: RelayOptions = {}): Promise<RtspRelay> {
    const target = readTarget(url);
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) =>
        reject(new AppError('unavailable', 'no port for the relay of a camera', { cause, retryAfterMs: 1_000 })),
      );
      server.listen(0, '127.0.0.1', resolve);
    });
    server.on('error', () => undefined);
    return new RtspRelay(server, target, options);
  }

  /** Why the connection ended, in words for a person, unless FFmpeg or `close` ended it. */
  get problem(): AppError | undefined {
    return this.found;
  }

  /** What the camera's sound is encoded with, as RTP names it (`mpeg4-generic` is AAC); undefined without, or not yet. */
  get soundEncoding(): string | undefined {
    const sound = this.described.find(({ media }) => media === 'audio');
    return sound && (sound.encoding ?? 'unknown');
  }

  /** Ends everything at once. Safe to call at any time, also twice. */
  close(): void {
    this.stopListening();
    this.connection?.close();
  }

  private greet(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.strangers.size >= strangersMax) return void socket.destroy();
    this.strangers.set(
      socket,
      setTimeout(() => socket.destroy(), strangerMsMax),
    );
    const splitter = new RtspSplitter();
    const listen = (chunk: Buffer) => {
      const requests = readRequests(splitter, chunk);
      if (requests?.length === 0) return;
      socket.off('data', listen);
      if (requests && this.isOurs(requests[0])) this.claim({ socket, splitter, requests });
      else socket.destroy();
    };
    socket.on('data', listen);
    socket.once('close', () => this.forget(socket));
  }

  private claim({ socket, splitter, requests }: { socket: Socket; splitter: RtspSplitter; requests: RtspMessage[] }): void {
    this.forget(socket);
    this.stopListening();
    const { target } = this;
    const { host, isTls, port, url } = target;
    this.connection = new RelayedConnection({
      client: socket,
      clientSplitter: splitter,
      firstRequests: requests,
      // The types of Node do not know that TLS takes `onread` too.
      dial: (onread) =>
        isTls ? connectTls({ host, port, onread, rejectUnauthorized: false } as ConnectionOptions) : connect({ host, port, onread }),
      openedEvent: isTls ? 'secureConnect' : 'connect',
      cameraUrl: url,
      relayUrl: this.url,
      authorization: new CameraAuthorization(target.credentials),
      transport: transportTo(target, this.options.transport ?? 'auto'),
      isPrompt: this.options.isPrompt ?? (() => true),
      withSound: this.options.withSound ?? false,
      onDescribed: (tracks) => (this.described = tracks),
      answerMsMax: this.options.answerMsMax,
      onEnd: (problem) => (this.found ??= problem),
    });
  }

  private isOurs(request: RtspMessage | undefined): boolean {
    const asked = Buffer.from(request?.startLine.split(' ')[1]?.replace(/\/$/, '') ?? '');
    const expected = Buffer.from(this.url);
    return asked.length === expected.length && timingSafeEqual(asked, expected);
  }

  private stopListening(): void {
    clearTimeout(this.unclaimed);
    this.server.close();
    for (const socket of this.strangers.keys()) socket.destroy();
  }

  private forget(stranger: Socket): void {
    clearTimeout(this.strangers.get(stranger));
    this.strangers.delete(stranger);
  }
}

export interface CameraTarget {
  host: string;
  port: number;
  isTls: boolean;
  /** Without credentials. */
  url: string;
  credentials: CameraCredentials | undefined;
}

export function readTarget(text: string): CameraTarget {
  // The message must not repeat the URL: it holds a password.
  const refused = () => new AppError('invalid_argument', 'a camera address begins with rtsp:// or rtsps://');
  if (!/^rtsps?:\/\/[\x21-\x7e]+$/i.test(text) || !URL.canParse(text)) throw refused();
  const url = new URL(text);
  const standardPort = standardPorts[url.protocol as keyof typeof standardPorts];
  if (url.hostname === '') throw refused();
  const credentials =
    url.username === '' ? undefined : { username: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  url.username = '';
  url.password = '';
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? standardPort : Number(url.port),
    isTls: url.protocol === 'rtsps:',
    url: url.href,
    credentials,
  };
}

/** Packets over UDP are not encrypted: under `rtsps` nobody falls back to that without being told to. */
function transportTo({ isTls }: CameraTarget, transport: CameraTransport): CameraTransport {
  return isTls && transport === 'auto' ? 'tcp' : transport;
}

/** @returns undefined for what is no RTSP */
function readRequests(splitter: RtspSplitter, chunk: Buffer): RtspMessage[] | undefined {
  try {
    return [...splitter.push(chunk)].flatMap((part) => (part.kind === 'message' ? [part.message] : []));
  } catch {
    return undefined;
  }
}
