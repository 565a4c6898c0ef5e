import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { headerOf, RtspSplitter, type RtspMessage } from '../rtsp-relay/rtsp-splitter.js';
import { PacketCutter } from './packet-cutter.js';
import { interleave } from './receiver-reports.js';

/** What a camera answers; without a status 200. */
interface ScriptedAnswer {
  status?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface CameraScript {
  tls?: { key: string; cert: string };
  description: readonly string[];
  /** Default: the address that was asked, with a slash behind. Null: none. */
  contentBase?: string | null;
  transport?: string;
  session?: string;
  /** RTP packets that are sent when somebody plays, and on which channel. */
  packets?: readonly Buffer[];
  channel?: number;
  /** Another answer than usual; called for each request. */
  answer?: (method: string, request: RtspMessage) => ScriptedAnswer | undefined;
}

/** A camera that says what a spec wants it to say, once to each. */
export class ScriptedCamera {
  readonly requests: string[] = [];
  /** Packets of the client. */
  readonly heard: { channel: number; packet: Buffer }[] = [];
  connections = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly script: CameraScript,
  ) {
    server.on(script.tls ? 'secureConnection' : 'connection', (socket: Socket) => this.accept(socket));
  }

  static async start(script: CameraScript): Promise<ScriptedCamera> {
    const server = script.tls ? createTlsServer(script.tls) : createServer();
    const camera = new ScriptedCamera(server, script);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return camera;
  }

  get url(): string {
    return `${this.script.tls ? 'rtsps' : 'rtsp'}://127.0.0.1:${(this.server.address() as AddressInfo).port}/live`;
  }

  /** Methods that were asked for, in order. */
  get methods(): string[] {
    return this.requests.map((line) => line.split(' ')[0] ?? '');
  }

  send(bytes: Buffer | string): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: Socket): void {
    this.connections++;
    this.sockets.add(socket);
    const splitter = new RtspSplitter();
    const cutter = new PacketCutter((channel, packet) => this.heard.push({ channel, packet: Buffer.from(packet) }));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      for (const part of splitter.push(chunk)) {
        if (part.kind === 'media') cutter.push(part.bytes);
        else this.reply(socket, part.message);
      }
    });
  }

  private reply(socket: Socket, request: RtspMessage): void {
    this.requests.push(request.startLine);
    const [method = '', url = ''] = request.startLine.split(' ');
    const { body = '', headers = {}, status = '200 OK' } = this.script.answer?.(method, request) ?? this.usual(method, url);
    const lines = [`RTSP/1.0 ${status}`, `CSeq: ${headerOf(request, 'cseq') ?? ''}`];
    for (const [name, value] of Object.entries({ ...headers, 'Content-Length': String(body.length) })) lines.push(`${name}: ${value}`);
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
    if (method !== 'PLAY' || !status.startsWith('200')) return;
    for (const packet of this.script.packets ?? []) socket.write(interleave(this.script.channel ?? 0, packet));
  }

  private usual(method: string, url: string): ScriptedAnswer {
    const { contentBase = `${url}/`, description, session = '12345678', transport } = this.script;
    if (method === 'OPTIONS') return { headers: { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER' } };
    if (method === 'DESCRIBE')
      return { headers: contentBase === null ? {} : { 'Content-Base': contentBase }, body: ['v=0', ...description, ''].join('\r\n') };
    if (method === 'SETUP') return { headers: { Session: session, Transport: transport ?? 'RTP/AVP/TCP;unicast;interleaved=0-1' } };
    return { headers: { Session: session.split(';')[0] ?? '' } };
  }
}
