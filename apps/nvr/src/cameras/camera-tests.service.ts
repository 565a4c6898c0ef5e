import { Inject, Injectable } from '@nestjs/common';
import type { CameraTransport } from '@nightjar/contracts';
import { credentialsRefused, probeCamera, type CameraProbe, type FfmpegBinary } from '@nightjar/media';
import { AppError, withoutQueryCredentials } from '@nightjar/runtime';
import { invalidField } from '../http/parse-input.js';
import { CameraConnections, isEncrypted, transportOf } from './camera-connections.js';
import type { Camera } from './cameras.store.js';
import { checkCameraUrl, type CameraUrl } from './check-camera-url.js';
import { mayHavePassword, typeAgain } from './saved-password.js';

export const FFMPEG = Symbol('ffmpeg of camera tests');

/** Each costs a process and a connection; more at a time are 503. */
const testsMax = 4;

/** What a try to connect came to. */
export type ConnectionTest = { ok: true; probe: CameraProbe; tookMs: number } | { ok: false; reason: string; tookMs: number };

/** Whether a camera answers by a scheme, or by its pendant of HTTP: one that asks for its password does, also where it did not get it. */
export interface SchemeTest {
  ok: boolean;
  reason: string | null;
}

/** By which of the schemes. */
type TransportProbe = 'rtsps' | 'rtsp' | 'both' | 'none';

const passwordWithheld = 'it asks for the password, which was saved for an encrypted address and is not sent unencrypted';

/** What of a saved camera is tried otherwise than it is saved; undefined: as it is. */
interface TriedSettings {
  url?: string | undefined;
  /** Null: without one. */
  username?: string | null | undefined;
  /** Null or undefined: the saved one, which goes to the saved address only. */
  password?: string | null | undefined;
  transport?: CameraTransport | undefined;
}

/** Tries out whether a camera sends, without keeping anything. */
@Injectable()
export class CameraTests {
  private running = 0;

  constructor(
    private readonly connections: CameraConnections,
    @Inject(FFMPEG) private readonly ffmpeg: FfmpegBinary | undefined,
  ) {}

  /** @throws AppError `overloaded`; `unavailable` without FFmpeg; `cancelled` */
  testCamera(camera: Camera, signal: AbortSignal): Promise<ConnectionTest> {
    return this.test({ findUrl: () => this.connections.urlOf(camera, 'main'), transport: transportOf(camera) }, signal);
  }

  /** As `testCamera`, for an address that is not saved. @throws beside those `invalid_argument` (422) for what is no camera's address */
  async testAddress(
    address: { url: string; username: string | null | undefined; password: string | null | undefined; transport: CameraTransport },
    signal: AbortSignal,
  ): Promise<ConnectionTest> {
    const checked = readAddress(address.url);
    await this.requireAllowed(checked);
    const username = address.username ?? checked.username ?? null;
    const password = address.password ?? checked.password ?? null;
    const findUrl = () => this.connections.urlTo({ url: checked.url, username, password, isDemo: false });
    return this.test({ findUrl, transport: address.transport }, signal);
  }

  /**
   * A saved camera with other settings than it has, as in a form that is not saved yet.
   * @throws AppError as `testAddress`, and 422 where the saved password would go to another address
   */
  async testChanged(camera: Camera, tried: TriedSettings, signal: AbortSignal): Promise<ConnectionTest> {
    const target = readAddress(tried.url ?? camera.rtspUrl);
    const isMoved = target.url !== camera.rtspUrl;
    if (isMoved) await this.requireAllowed(target);
    if (camera.transportSecurity === 'rtsps_required' && !isEncrypted(target.url))
      throw invalidField('body', 'rtsp_url', 'must begin with rtsps://: the camera must be read encrypted');
    const typed = tried.password ?? target.password ?? null;
    const saved = typed === null ? this.connections.passwordOf(camera) : null;
    if (saved !== null && isMoved && !mayHavePassword(target.url, camera)) throw invalidField('body', 'password', typeAgain);
    const username = tried.username === undefined ? (target.username ?? camera.username) : tried.username;
    const isDemo = camera.isDemo && !isMoved;
    const findUrl = () => this.connections.urlTo({ url: target.url, username, password: typed ?? saved, isDemo });
    return this.test({ findUrl, transport: tried.transport ?? transportOf(camera) }, signal);
  }

  /**
   * Tries a camera at its address and at that of the other scheme, at its standard port, if need be. A password that was saved for an
   * encrypted address is not sent over a connection that is not; a camera that must be read encrypted is not asked over one at all.
   * @throws AppError as `testCamera`
   */
  async probeTransport(
    camera: Camera,
    signal: AbortSignal,
  ): Promise<{ result: TransportProbe; rtsps: SchemeTest; rtsp: SchemeTest | undefined }> {
    const rtsps = await this.tryScheme(camera, 'rtsps', signal);
    const rtsp = camera.transportSecurity === 'rtsps_required' ? undefined : await this.tryScheme(camera, 'rtsp', signal);
    const result = rtsps.ok ? (rtsp?.ok ? 'both' : 'rtsps') : rtsp?.ok ? 'rtsp' : 'none';
    return { result, rtsps, rtsp };
  }

  private async tryScheme(camera: Camera, scheme: 'rtsp' | 'rtsps', signal: AbortSignal): Promise<SchemeTest> {
    const url = urlWithScheme(camera.rtspUrl, scheme);
    const isWithheld = !mayHavePassword(url, camera);
    const target = isWithheld
      ? { url: withoutQueryCredentials(url), username: null, password: null }
      : { url, username: camera.username, password: this.connections.passwordOf(camera) };
    const findUrl = () => this.connections.urlTo({ ...target, isDemo: camera.isDemo });
    const tested = await this.test({ findUrl, transport: transportOf(camera) }, signal);
    if (tested.ok) return { ok: true, reason: null };
    return isWithheld && tested.reason === credentialsRefused ? { ok: true, reason: passwordWithheld } : tested;
  }

  private async requireAllowed(target: CameraUrl): Promise<void> {
    await this.connections.check(target).catch((error: unknown) => {
      throw error instanceof AppError ? invalidField('body', 'rtsp_url', error.message) : error;
    });
  }

  private async test(
    { findUrl, transport }: { findUrl: () => Promise<string>; transport: CameraTransport },
    signal: AbortSignal,
  ): Promise<ConnectionTest> {
    const { ffmpeg } = this;
    if (!ffmpeg) throw new AppError('unavailable', 'there is no FFmpeg to look at cameras with');
    if (this.running >= testsMax) throw new AppError('overloaded', 'other cameras are being tested', { retryAfterMs: 5_000 });
    this.running++;
    const startedMs = performance.now();
    const tookMs = () => Math.round(performance.now() - startedMs);
    try {
      const probe = await probeCamera({ ffmpeg, url: await findUrl(), transport, signal });
      return { ok: true, probe, tookMs: tookMs() };
    } catch (error) {
      if (!(error instanceof AppError) || !['unavailable', 'unprocessable'].includes(error.code)) throw error;
      return { ok: false, reason: error.message, tookMs: tookMs() };
    } finally {
      this.running--;
    }
  }
}

function readAddress(text: string): CameraUrl {
  const checked = checkCameraUrl(text);
  if ('problem' in checked) throw invalidField('body', 'rtsp_url', checked.problem);
  return checked;
}

/** The same stream by the other scheme is looked for at that scheme's port. Of a camera by HTTP they are `http` and `https`. */
function urlWithScheme(url: string, scheme: 'rtsp' | 'rtsps'): string {
  if (isEncrypted(url) === (scheme === 'rtsps')) return url;
  const other = new URL(url);
  other.port = '';
  return scheme === 'rtsps' ? other.href.replace(':', 's:') : other.href.replace('s:', ':');
}
