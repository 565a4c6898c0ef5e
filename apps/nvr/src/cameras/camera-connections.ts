import { Injectable } from '@nestjs/common';
import { SecretBox } from '@nightjar/auth';
import { CameraTransport } from '@nightjar/contracts';
import { AppError } from '@nightjar/runtime';
import { CameraNetworks } from './camera-networks.js';
import { CamerasStore, type Camera } from './cameras.store.js';
import { checkCameraUrl, connectionUrl } from './check-camera-url.js';

/** `main` is what is recorded; `sub` is smaller and analysed where a camera has one. */
export type StreamKind = 'main' | 'sub';

/** Keeps camera passwords encrypted, and puts a URL together only when somebody is about to connect. */
@Injectable()
export class CameraConnections {
  constructor(
    private readonly secretBox: SecretBox,
    private readonly networks: CameraNetworks,
    private readonly store: CamerasStore,
  ) {}

  sealPassword(uuid: string, password: string | null): Uint8Array<ArrayBuffer> | null {
    return password === null ? null : this.secretBox.seal(password, purposeOf(uuid));
  }

  /**
   * The URL for one connection: an address that was checked just now, credentials in it. Never log it.
   * @throws AppError `unprocessable` when the address is not allowed (any more), `unavailable` when the name can't be resolved
   */
  async urlOf(camera: Camera, stream: StreamKind): Promise<string> {
    const url = stream === 'sub' ? (camera.substreamUrl ?? camera.rtspUrl) : camera.rtspUrl;
    if (camera.transportSecurity === 'rtsps_required' && !isEncrypted(url))
      throw new AppError('unprocessable', 'the camera must be read encrypted, and its address is neither rtsps:// nor https://');
    return this.urlTo({ url, username: camera.username, password: this.passwordOf(camera), isDemo: camera.isDemo });
  }

  /** As `urlOf`, for a camera that is not saved. */
  async urlTo(camera: { url: string; username: string | null; password: string | null; isDemo: boolean }): Promise<string> {
    const { isDemo, password, url, username } = camera;
    const target = checkCameraUrl(url);
    if ('problem' in target) throw new AppError('unprocessable', `the camera's URL ${target.problem}`);
    const address = await this.networks.resolve({ host: target.host, port: target.port, isDemo });
    return connectionUrl({ url, address, username, password });
  }

  /** Only for who is about to connect. Never log it. */
  passwordOf(camera: Pick<Camera, 'encryptedPassword' | 'uuid'>): string | null {
    return camera.encryptedPassword === null ? null : this.secretBox.open(camera.encryptedPassword, purposeOf(camera.uuid));
  }

  /** What the recorder learned of a camera that it does not get. Lost when the database does not take it: it is told at the next try. */
  async noteProblem(cameraId: number, problem: string): Promise<void> {
    await this.store.noteProblem(cameraId, problem).catch(() => undefined);
  }

  /** @throws AppError as `urlOf`; a name that can't be resolved now is no reason to refuse a camera */
  async check(target: { host: string; port: number }): Promise<void> {
    try {
      await this.networks.resolve({ ...target, isDemo: false });
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'unavailable')) throw error;
    }
  }
}

/** Whether what comes from an address can't be read on the way. */
export function isEncrypted(url: string): boolean {
  return url.startsWith('rtsps://') || url.startsWith('https://');
}

/** How packets of a camera's streams come. */
export function transportOf({ rtspTransport }: Pick<Camera, 'rtspTransport'>): CameraTransport {
  return CameraTransport.parse(rtspTransport);
}

function purposeOf(uuid: string): string {
  return `camera.${uuid}.password`;
}
