import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLogger, Health, systemClock } from '@nightjar/runtime';
import { EnginePool } from '../engine/engine-pool.js';
import type { EngineSettings } from '../engine/protocol.js';
import { FaceRegistry } from '../faces/face-registry.js';
import { LocalFaceStore } from '../faces/local-face-store.js';
import { FrameResolver } from '../intake/frame-resolver.js';
import { FramesDirectory } from '../intake/frames-directory.js';
import { maxPictureBytes } from '../intake/picture-header.js';
import type { RemoteFrames } from '../intake/remote-frames/remote-frames.js';
import { builtinTasks } from '../tasks/builtin-tasks.js';
import { TaskCatalogue } from '../tasks/task-catalogue.js';
import { startAdapterHttp, type AdapterHttp, type AdapterHttpOptions } from './adapter-http.js';
import { RequestReader } from './oip/request-reader.js';
import { SystemHardware } from './system-hardware.js';

/** A reply with its body read as JSON. */
interface Reply<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** The adapter's HTTP surfaces on a real engine process, with a frames directory of its own. Its dist must be built. */
export class AdapterFixture {
  private readonly opened: AdapterHttp[] = [];

  private constructor(
    readonly pool: EnginePool,
    readonly faces: FaceRegistry,
    readonly directory: string,
    private readonly catalogue: TaskCatalogue,
  ) {}

  /** `startEngine: false`: the engine processes never come up. */
  static async start({
    engine = {},
    startEngine = true,
  }: { engine?: Partial<EngineSettings>; startEngine?: boolean } = {}): Promise<AdapterFixture> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'nightjar-adapter-'));
    const pool = new EnginePool({
      entry: new URL('../../dist/engine/engine-process.js', import.meta.url),
      processes: 1,
      settings: { modelCacheDir: path.join(directory, 'models'), preload: ['nanodet'], logLevel: 'silent', ...engine },
      queueCapacity: 16,
      hangMs: 60_000,
      startTimeoutMs: 120_000,
      clock: systemClock,
      logger: createLogger({ service: 'test', level: 'silent' }),
    });
    if (startEngine) await pool.start(AbortSignal.timeout(150_000));
    const faces = new FaceRegistry(new LocalFaceStore({ file: path.join(directory, 'faces.bin'), clock: systemClock }));
    await faces.start();
    return new AdapterFixture(pool, faces, directory, new TaskCatalogue(pool, builtinTasks({ clock: systemClock, faces })));
  }

  /** Opens the surfaces on a port of their own; several may stand on the same engine. */
  async open({ remote, ...options }: Partial<AdapterHttpOptions> & { remote?: RemoteFrames } = {}): Promise<AdapterHttp> {
    const { pool, faces, catalogue } = this;
    const frames = new FrameResolver({
      directory: new FramesDirectory(path.join(this.directory, 'frames'), maxPictureBytes),
      bus: undefined,
      allowed: undefined,
      remote,
    });
    const http = await startAdapterHttp({
      host: '127.0.0.1',
      port: 0,
      parts: { pool, faces, catalogue, frames, hardware: new SystemHardware() },
      health: new Health(),
      logger: createLogger({ service: 'test', level: 'silent' }),
      requestReader: new RequestReader(new URL('../../dist/http/oip/large-request-worker.js', import.meta.url)),
      ...options,
    });
    this.opened.push(http);
    return http;
  }

  /** Puts a picture where `opennvr://<camera>/<file>` finds it. */
  async writeFrame(camera: string, file: string, bytes: Uint8Array | string): Promise<void> {
    const folder = path.join(this.directory, 'frames', camera);
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, file), bytes);
  }

  async close(): Promise<void> {
    const deadline = AbortSignal.timeout(10_000);
    await Promise.all(this.opened.map((http) => http.streams.stop(deadline)));
    await Promise.all(this.opened.map((http) => http.close()));
    await this.faces.stop();
    await this.pool.stop(deadline);
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Asks and reads the answer as JSON. A body that is no text is sent as JSON. */
export async function ask<Body = Record<string, unknown>>(
  http: AdapterHttp,
  method: string,
  route: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply<Body>> {
  const response = await fetch(http.url + route, {
    method,
    headers: { ...(body === undefined || body instanceof FormData ? {} : { 'Content-Type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' || body instanceof FormData ? body : JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}
