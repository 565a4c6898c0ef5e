import { jsonOrUndefined, toAppError } from '@nightjar/runtime';
import type { RawData, WebSocket } from 'ws';
import { z } from 'zod';

/** Full: the other side is not read from until there is room again. */
const bufferedBytesMax = 4 * 1024 * 1024;
const bufferedBytesLow = 256 * 1024;
/** A side that leaves so many pings unanswered has gone without a word. */
const pingsUnansweredMax = 6;
/** As adapters take them. */
const controlBytesMax = 64 * 1024;
/** Close codes of the contract and of RFC 6455. */
const closeCodes = { over: 1001, policy: 4001, adapterAway: 4002 } as const;

/**
 * What callers without all rights may say. A session names its camera once, in the handshake; pictures are sent, never named:
 * `frame_ref` is a path that the adapter would open.
 */
const Control = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('handshake'),
    camera_id: z
      .union([z.number().int(), z.string().min(1).max(128)])
      .nullish()
      .transform((given) => (given == null ? undefined : String(given))),
  }),
  ...(['frame', 'pause', 'resume', 'stats', 'close'] as const).map((type) => z.looseObject({ type: z.literal(type) })),
]);

interface StreamBridgeOptions {
  readonly client: WebSocket;
  /** Not open yet; undefined: there is nobody to connect to. */
  readonly adapter: WebSocket | undefined;
  /** For callers who may not see every camera. @throws AppError when this one is none of theirs */
  readonly requireCamera?: (camera: string) => Promise<void>;
  /** Asks again whether the caller may. @throws AppError */
  readonly revalidate: () => Promise<void>;
}

/** Two WebSockets that say the same: an app's, and one to the adapter. Every message goes on as it came, in its order. */
export class StreamBridge {
  private camera: string | undefined;
  private clientPings = 0;
  private adapterPings = 0;
  /** Messages of the client are looked at one after the other. */
  private looking = Promise.resolve();
  private waiting = 0;

  constructor(private readonly options: StreamBridgeOptions) {
    const { adapter, client } = options;
    client.on('error', () => undefined);
    client.on('pong', () => (this.clientPings = 0));
    if (!adapter) {
      this.end('adapterAway');
      return;
    }
    // Nothing is read before somebody is there who takes it.
    client.pause();
    client.on('message', (data, isBinary) => this.takeOfClient(data, isBinary));
    client.on('close', (code) => closeWith(adapter, code));
    adapter.on('open', () => client.resume());
    adapter.on('pong', () => (this.adapterPings = 0));
    adapter.on('message', (data, isBinary) => passOn(data, { isBinary, from: adapter, to: client }));
    adapter.on('error', () => this.end('adapterAway'));
    adapter.on('close', (code, reason) => {
      client.resume();
      if (isSendable(code)) client.close(code, reason);
      else this.end('adapterAway');
    });
  }

  /** Called every few seconds: ends what is dead, or not allowed any more. A database that is away ends nothing. */
  async beat(): Promise<void> {
    const { adapter, client, requireCamera, revalidate } = this.options;
    if (!adapter || client.readyState !== client.OPEN) return;
    if (this.clientPings++ >= pingsUnansweredMax) return client.terminate();
    client.ping();
    if (adapter.readyState === adapter.OPEN) {
      if (this.adapterPings++ >= pingsUnansweredMax) return adapter.terminate();
      adapter.ping();
    }
    try {
      await revalidate();
      if (this.camera !== undefined) await requireCamera?.(this.camera);
    } catch (error) {
      if (!toAppError(error).retryable) this.end('policy', 'you may not do this any more');
    }
  }

  end(why: keyof typeof closeCodes, reason = why === 'adapterAway' ? 'the adapter cannot be reached' : ''): void {
    const { adapter, client } = this.options;
    client.resume();
    client.close(closeCodes[why], reason);
    if (adapter && why !== 'adapterAway') closeWith(adapter, closeCodes.over);
  }

  private takeOfClient(data: RawData, isBinary: boolean): void {
    const { adapter, client, requireCamera } = this.options;
    if (!adapter) return;
    if (!requireCamera) return passOn(data, { isBinary, from: client, to: adapter });
    // While one is looked at, those behind it wait in the socket.
    client.pause();
    this.waiting++;
    this.looking = this.looking
      .then(() => (isBinary ? undefined : this.lookAt(bytesOf(data), requireCamera)))
      .then(() => {
        if (client.readyState === client.OPEN) passOn(data, { isBinary, from: client, to: adapter });
      })
      .catch((error: unknown) => this.end('policy', toAppError(error).message.slice(0, 100)))
      .finally(() => {
        if (--this.waiting === 0 && adapter.bufferedAmount <= bufferedBytesMax) client.resume();
      });
  }

  private async lookAt(text: Buffer, requireCamera: (camera: string) => Promise<void>): Promise<void> {
    const read = text.length > controlBytesMax ? undefined : Control.safeParse(jsonOrUndefined(text));
    if (!read?.success) return void this.end('policy', 'this message is not taken here');
    const control = read.data;
    if (control.type !== 'handshake' || !('camera_id' in control) || typeof control.camera_id !== 'string') return;
    await requireCamera(control.camera_id);
    this.camera = control.camera_id;
  }
}

function passOn(data: RawData, { from, isBinary, to }: { from: WebSocket; to: WebSocket; isBinary: boolean }): void {
  if (to.readyState !== to.OPEN) return;
  to.send(data, { binary: isBinary }, () => {
    if (from.isPaused && to.bufferedAmount < bufferedBytesLow) from.resume();
  });
  if (to.bufferedAmount > bufferedBytesMax) from.pause();
}

function closeWith(socket: WebSocket, code: number): void {
  if (socket.readyState === socket.CONNECTING) return socket.terminate();
  socket.resume();
  if (isSendable(code)) socket.close(code);
  else socket.close();
}

/** What RFC 6455 lets an endpoint say. */
function isSendable(code: number): boolean {
  return (code >= 3_000 && code <= 4_999) || (code >= 1_000 && code <= 1_014 && ![1_004, 1_005, 1_006].includes(code));
}

function bytesOf(data: RawData): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
}
