import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import type { WebSocket } from 'ws';
import type { StreamKind } from '../cameras/camera-connections.js';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import type { Camera } from '../cameras/cameras.store.js';
import { NewestPictures } from '../playback/newest-pictures.js';
import { CLOCK } from '../process-parts.js';
import { LiveFeeds } from './live-feeds.js';
import { PictureViewer } from './picture-viewer.js';
import { SocketViewer } from './socket-viewer.js';

/** Viewers of this process at a time, on WebSockets and of MJPEG; more are 503. */
const viewersMax = 256;
/** How long a right that was taken away goes on, beside what sessions are remembered. */
const beatMs = 5_000;

/** Asks again who watches, and whether he may at all: his right to the camera may have gone too. @throws AppError */
type Reauthenticate = () => Promise<Principal>;

/** What viewers that stay have in common. */
interface Viewer {
  beat(): Promise<void>;
  end(reason: 'over' | 'refused'): void;
}

/** Live video for viewers that stay connected, and who may have it. */
@Injectable()
export class LiveViewService implements OnModuleDestroy {
  private readonly viewers = new Set<Viewer>();
  private readonly beating = setInterval(() => {
    for (const viewer of this.viewers) void viewer.beat();
  }, beatMs);

  constructor(
    private readonly cameras: CamerasService,
    private readonly feeds: LiveFeeds,
    private readonly pictures: NewestPictures,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** A camera that the caller may watch now. @throws AppError `not_found`, `conflict` when it is switched off */
  async findCamera(principal: Principal, reference: string): Promise<Camera> {
    const camera = await this.cameras.find(cameraScopeOf(principal), reference);
    if (!camera.isActive) throw new AppError('conflict', 'the camera is switched off');
    return camera;
  }

  /** @throws AppError `overloaded` */
  requireRoom(camera: Camera, stream: StreamKind = 'main'): void {
    if (this.viewers.size >= viewersMax || !this.feeds.hasRoomFor(camera.id, streamOf(camera, stream)))
      throw new AppError('overloaded', 'too many viewers', { retryAfterMs: 5_000 });
  }

  /** Shows a camera on a WebSocket that stands, until one of the two sides has enough. One without a smaller stream shows its only one. */
  show(camera: Camera, wanted: StreamKind, socket: WebSocket, reauthenticate: Reauthenticate): void {
    const stream = streamOf(camera, wanted);
    const revalidate = this.revalidation(camera, reauthenticate);
    const viewer = new SocketViewer({ socket, clock: this.clock, revalidate });
    // Somebody may have taken the last place while the handshake was answered.
    if (!this.feeds.hasRoomFor(camera.id, stream)) viewer.end('over');
    if (!viewer.isOpen) return;
    const leave = this.feeds.open(camera.id, stream).listen(viewer);
    this.viewers.add(viewer);
    socket.once('close', () => {
      leave();
      this.viewers.delete(viewer);
    });
  }

  /** A viewer of the newest pictures, begun when it gets its way out. @throws AppError `unavailable` while there is no picture */
  async openPictures(camera: Camera, options: { framesPerSecond: number; reauthenticate: Reauthenticate }): Promise<PictureViewer> {
    const readPicture = () => this.pictures.read(camera);
    const first = await readPicture().catch(async (error: unknown) => {
      throw await this.cameras.withReason(camera, error);
    });
    const revalidate = this.revalidation(camera, options.reauthenticate);
    const viewer = new PictureViewer({ first, readPicture, revalidate, pauseMs: 1_000 / options.framesPerSecond });
    this.viewers.add(viewer);
    void viewer.over.then(() => this.viewers.delete(viewer));
    return viewer;
  }

  onModuleDestroy(): void {
    clearInterval(this.beating);
    for (const viewer of this.viewers) viewer.end('over');
  }

  private revalidation(camera: Camera, reauthenticate: Reauthenticate): () => Promise<void> {
    return async () => {
      await this.findCamera(await reauthenticate(), String(camera.id));
    };
  }
}

function streamOf({ substreamUrl }: Camera, wanted: StreamKind): StreamKind {
  return substreamUrl === null ? 'main' : wanted;
}
