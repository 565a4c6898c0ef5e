import { Inject, Injectable } from '@nestjs/common';
import { AddressPolicy, CheckedFetch, parseNetwork, parseRemoteUrl } from '@nightjar/outbound';
import { AppError, deadlineSignal, type Clock } from '@nightjar/runtime';
import type { ApiConfig } from '../../config.js';
import { CLOCK, CONFIG } from '../../process-parts.js';
import { CameraConnections } from '../camera-connections.js';
import { CameraNetworks } from '../camera-networks.js';
import { invalidField } from '../../http/parse-input.js';
import type { Camera, CameraFields } from '../cameras.store.js';
import { checkCameraUrl } from '../check-camera-url.js';
import { discoverDevices, type DiscoveredDevice } from './discover-devices.js';
import { OnvifDevice, type OnvifProfile } from './onvif-device.js';
import type { OnvifCredentials } from './soap-messages.js';

/** Full: 503. A question is answered within seconds. */
const exchangesMax = 16;
const discoveryMs = 3_000;
/** For all questions to one camera together: a slow one has up to a dozen, each of which may take its time. */
const conversationMsMax = 25_000;

/** What a camera says of itself, and the addresses to save it with. */
interface OnvifDescription {
  manufacturer: string | null;
  model: string | null;
  profiles: (OnvifProfile & { rtspUrl: string | null })[];
  canMove: boolean;
}

/** Speed of a movement, each from -1 to 1. */
interface Velocity {
  x: number;
  y: number;
  z: number;
}

/** Finds cameras in the camera networks, reads how they send, and moves them: only at addresses that a camera may have. */
@Injectable()
export class OnvifService {
  private readonly client: CheckedFetch;
  private isDiscovering = false;

  constructor(
    private readonly networks: CameraNetworks,
    private readonly connections: CameraConnections,
    @Inject(CONFIG) private readonly config: ApiConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    const opened = config.cameraNetworks.map(parseNetwork).filter((network) => network !== undefined);
    this.client = new CheckedFetch({ policy: new AddressPolicy({ networks: opened, ownPorts: new Set(config.ownPorts) }), exchangesMax });
  }

  /** @throws AppError `overloaded` while the network is being asked already */
  async discover(signal: AbortSignal): Promise<DiscoveredDevice[]> {
    if (this.isDiscovering) throw new AppError('overloaded', 'cameras are being looked for', { retryAfterMs: discoveryMs });
    this.isDiscovering = true;
    try {
      const isAllowed = (address: string, port: number) => this.networks.problemWith(address, { port, isDemo: false }) === undefined;
      return await discoverDevices({ targets: this.config.discoveryTargets, isAllowed, waitMs: discoveryMs, signal });
    } finally {
      this.isDiscovering = false;
    }
  }

  /** @throws AppError `invalid_argument`, `unprocessable` (address), `unavailable` with the reason why the camera does not answer */
  async describe(camera: { url: string; credentials: OnvifCredentials | undefined }, signal: AbortSignal): Promise<OnvifDescription> {
    const url = await this.pin(camera.url);
    const device = this.deviceAt(url, camera.credentials, signal);
    const services = await device.readServices();
    if (!services.media) throw new AppError('unavailable', 'the camera has no media service');
    const information = await device.readInformation();
    const profiles = await device.readProfiles(services.media);
    const host = new URL(camera.url).hostname;
    return {
      ...information,
      profiles: profiles.map((profile) => ({ ...profile, rtspUrl: streamUrlAt(host, profile.streamUrl) })),
      canMove: services.ptz !== undefined,
    };
  }

  /** As `describe`, with what is known of the camera. @throws beside that AppError `conflict` for one that is not asked */
  async describeSaved(camera: Camera, signal: AbortSignal): Promise<OnvifDescription> {
    if (camera.onvifUrl === null) throw new AppError('conflict', 'the camera is not asked by ONVIF: its onvif_url is not set');
    return this.describe({ url: camera.onvifUrl, credentials: this.credentialsOf(camera) }, signal);
  }

  /**
   * How a camera is saved whose address alone is known: its largest picture, and its smallest beside it.
   * @throws AppError `unprocessable` with what it says, or that it says nothing; `overloaded`
   */
  async findStreams(
    camera: { ipAddress?: string | undefined; onvifPort: number; username?: string | null; password?: string | null },
    signal: AbortSignal,
  ): Promise<CameraFields & { rtspUrl: string }> {
    const { ipAddress = '', onvifPort, password, username } = camera;
    const host = ipAddress.includes(':') ? `[${ipAddress}]` : ipAddress;
    const url = `http://${host}:${onvifPort}/onvif/device_service`;
    const credentials = username == null ? undefined : { username, password: password ?? '' };
    const { manufacturer, model, profiles } = await this.describe({ url, credentials }, signal).catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code === 'overloaded' || error.code === 'cancelled') throw error;
      throw invalidField('body', 'rtsp_url', `is needed, since it is not told by ONVIF: ${error.message}`);
    });
    const usable = profiles.filter(({ rtspUrl }) => rtspUrl !== null);
    const [main] = usable;
    if (!main?.rtspUrl) throw invalidField('body', 'rtsp_url', 'is needed: by ONVIF the camera names no stream that is RTSP');
    const substreamUrl = usable.length > 1 ? usable.at(-1)!.rtspUrl : null;
    return { rtspUrl: main.rtspUrl, substreamUrl, manufacturer, model, onvifUrl: url, onvifProfile: main.token };
  }

  move(camera: Camera, velocity: Velocity, signal: AbortSignal): Promise<void> {
    return this.steer(camera, signal, (device, service, profile) => device.move(service, profile, velocity));
  }

  stop(camera: Camera, signal: AbortSignal): Promise<void> {
    return this.steer(camera, signal, (device, service, profile) => device.stop(service, profile));
  }

  /** @throws AppError `conflict` for a camera that takes no orders, and as `describe` */
  private async steer(
    camera: Camera,
    signal: AbortSignal,
    order: (device: OnvifDevice, service: URL, profile: string) => Promise<void>,
  ): Promise<void> {
    if (camera.onvifUrl === null) throw new AppError('conflict', 'the camera takes no orders: its onvif_url is not set');
    const url = await this.pin(camera.onvifUrl);
    const device = this.deviceAt(url, this.credentialsOf(camera), signal);
    const services = await device.readServices();
    if (!services.ptz || !services.media) throw new AppError('conflict', 'the camera cannot be moved');
    const profile = camera.onvifProfile ?? (await device.readProfiles(services.media))[0]?.token;
    if (profile === undefined) throw new AppError('conflict', 'the camera has no profile to be moved by');
    await order(device, services.ptz, profile);
  }

  private deviceAt(url: URL, credentials: OnvifCredentials | undefined, signal: AbortSignal): OnvifDevice {
    const { client, clock } = this;
    return new OnvifDevice({ client, url, credentials, clock, signal: deadlineSignal(conversationMsMax, signal) });
  }

  private credentialsOf(camera: Camera): OnvifCredentials | undefined {
    if (camera.username === null) return undefined;
    return { username: camera.username, password: this.connections.passwordOf(camera) ?? '' };
  }

  /** The address with its host resolved and checked: the connection goes to what was checked. */
  private async pin(text: string): Promise<URL> {
    const { host, port } = readUrl(text);
    const address = await this.networks.resolve({ host, port, isDemo: false });
    const url = new URL(text);
    url.hostname = address.includes(':') ? `[${address}]` : address;
    return url;
  }
}

function readUrl(text: string): { host: string; port: number } {
  try {
    return parseRemoteUrl(text);
  } catch (cause) {
    throw new AppError('unprocessable', 'the ONVIF address must be a URL like http://10.0.0.5/onvif/device_service', { cause });
  }
}

/** Cameras behind a translated address give the one that they believe to have; ours is the one that answers. */
function streamUrlAt(host: string, text: string): string | null {
  const checked = checkCameraUrl(text);
  if ('problem' in checked) return null;
  const url = new URL(checked.url);
  url.hostname = host;
  return url.href;
}
