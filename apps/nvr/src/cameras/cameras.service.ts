import { Inject, Injectable } from '@nestjs/common';
import { isIP } from 'node:net';
import type { Principal } from '@nightjar/auth';
import { camerasChanged, type CameraView, type TransportSecurity } from '@nightjar/contracts';
import { Bus } from '@nightjar/messaging';
import { parseRemoteUrl } from '@nightjar/outbound';
import { AppError, type Clock } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { AuditLog, type AuditAction, type WriteEntry } from '../audit/audit-log.js';
import { invalidField } from '../http/parse-input.js';
import { CLOCK } from '../process-parts.js';
import { CameraConnections, isEncrypted } from './camera-connections.js';
import { changesOf, definedOf, type CameraInput } from './camera-input.js';
import { CameraPermissionsStore } from './camera-permissions.store.js';
import { cameraScopeOf, type CameraScope } from './camera-scope.js';
import { cameraView, recordingFreshMs } from './camera-view.js';
import { CamerasStore, type Camera, type CameraFields, type JudgeDuplicates } from './cameras.store.js';
import { checkCameraUrl } from './check-camera-url.js';
import { parseCameraReference, problemWithFramesName } from './parse-camera-reference.js';
import { mayHavePassword, typeAgain, type PasswordTargets } from './saved-password.js';

/** More cameras than one system has. */
const systemListMax = 10_000;

@Injectable()
export class CamerasService {
  constructor(
    private readonly store: CamerasStore,
    private readonly connections: CameraConnections,
    private readonly bus: Bus,
    private readonly audit: AuditLog,
    private readonly permissions: CameraPermissionsStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** All that are not deleted, for the system itself; ten thousand at most. */
  async listForSystem(): Promise<CameraView[]> {
    const { cameras } = await this.store.list({ scope: { kind: 'all' }, skip: 0, limit: systemListMax, activeOnly: false });
    return this.views(cameras, { forAdmin: false });
  }

  async list(
    principal: Principal,
    query: { skip: number; limit: number; activeOnly: boolean },
  ): Promise<{ cameras: CameraView[]; total: number }> {
    const { cameras, total } = await this.store.list({ ...query, scope: cameraScopeOf(principal) });
    return { cameras: await this.views(cameras, { forAdmin: isAdmin(principal) }), total };
  }

  async show(principal: Principal, reference: string): Promise<CameraView> {
    return this.view(await this.find(cameraScopeOf(principal), reference), { forAdmin: isAdmin(principal) });
  }

  /** @throws AppError `not_found` for a camera that is not there or not to be seen by the caller: both look the same */
  async find(scope: CameraScope, reference: string): Promise<Camera> {
    const parsed = parseCameraReference(reference);
    const camera = parsed && (await this.store.find(parsed, scope));
    if (!camera) throw new AppError('not_found', 'Camera not found');
    return camera;
  }

  /** The failure to show a picture, with the reason why the camera is offline, if it is. */
  async withReason(camera: Camera, error: unknown): Promise<unknown> {
    if (!(error instanceof AppError) || error.code !== 'unavailable') return error;
    const { status_reason: reason } = await this.view(camera, { forAdmin: false });
    return reason === null ? error : new AppError('unavailable', `${error.message}: ${reason}`, { cause: error, retryAfterMs: 2_000 });
  }

  /** Cameras at an IP address, as it stands in their main URL. */
  async listByAddress(principal: Principal, ip: string): Promise<CameraView[]> {
    const cameras = await this.store.listByUrlText(cameraScopeOf(principal), isIP(ip) === 6 ? `//[${ip}]` : `//${ip}`);
    return this.views(
      cameras.filter(({ rtspUrl }) => {
        const target = checkCameraUrl(rtspUrl);
        return !('problem' in target) && target.host === ip;
      }),
      { forAdmin: isAdmin(principal) },
    );
  }

  async listDeleted(): Promise<CameraView[]> {
    return this.views(await this.store.listDeleted(), { forAdmin: true });
  }

  /** Takes a deletion back; the camera stays switched off. @throws AppError `not_found`, `conflict` (not deleted; same address) */
  async undelete(request: { reference: string; force: boolean; by: Actor }): Promise<CameraView> {
    const parsed = parseCameraReference(request.reference);
    const camera = parsed && (await this.store.findEvenDeleted(parsed));
    if (!camera) throw new AppError('not_found', 'Camera not found');
    if (camera.deletedAt === null) throw new AppError('conflict', 'the camera is not deleted');
    const writeEntry = this.entryOf(request.by, { action: 'camera.restored', camera, fields: [] });
    return this.changed(
      await this.store.undelete(camera, { judgeDuplicates: request.force ? acceptDuplicates : refuseDuplicates, writeEntry }),
    );
  }

  /**
   * A camera that the caller may give orders to: his own, one that was granted to him for it, any that he sees for a role that manages
   * cameras, every one for an admin.
   * @throws AppError `not_found` for one that he does not see, `permission_denied` for one that he only sees
   */
  async findManaged(principal: Principal, reference: string): Promise<Camera> {
    const camera = await this.find(cameraScopeOf(principal), reference);
    if (!(await this.permissions.manages(principal, camera)))
      throw new AppError('permission_denied', 'you may see this camera, and not more');
    return camera;
  }

  /** @throws AppError `unprocessable` (URL, network, name), `conflict` (frames name taken; same address, unless `force`) */
  async create(
    principal: Principal,
    request: { input: CameraInput & { name: string; rtspUrl: string }; framesName: string | undefined; force: boolean; by: Actor },
  ): Promise<CameraView> {
    const { input, framesName, force, by } = request;
    const problem = framesName === undefined ? undefined : problemWithFramesName(framesName);
    if (problem !== undefined) throw invalidField('body', 'frames_name', problem);
    const { fields, password } = await this.checkInput(input);
    requireEncryption({ rtspUrl: input.rtspUrl, substreamUrl: null, transportSecurity: 'plaintext_allowed', ...definedOf(fields) });
    const camera = await this.store.create({
      fields: { ...fields, name: input.name, rtspUrl: fields.rtspUrl ?? input.rtspUrl },
      ownerId: principal.kind === 'user' ? principal.userId : null,
      framesName,
      sealPassword: (uuid) => this.connections.sealPassword(uuid, password ?? null),
      judgeDuplicates: force ? acceptDuplicates : refuseDuplicates,
      writeEntry: this.audit.entryOf(by, { action: 'camera.created', entityType: 'camera', details: { name: input.name } }),
    });
    return this.changed(camera);
  }

  /** @throws AppError `not_found`, and as `create`; `unprocessable` too where the saved password would go to another address */
  async update(principal: Principal, request: { reference: string; input: CameraInput; force: boolean; by: Actor }): Promise<CameraView> {
    const known = await this.find(cameraScopeOf(principal), request.reference);
    const input = changesOf(request.input, known);
    const { fields, password } = await this.checkInput(input);
    const changed = { ...known, ...definedOf(fields) };
    requireEncryption(changed);
    if (password === undefined && known.encryptedPassword !== null) requirePasswordStays(changed, known);
    const encryptedPassword = password === undefined ? undefined : this.connections.sealPassword(known.uuid, password);
    return this.changed(
      await this.store.update(known.id, {
        fields,
        encryptedPassword,
        judgeDuplicates: request.force ? acceptDuplicates : refuseDuplicates,
        writeEntry: this.entryOf(request.by, { action: 'camera.changed', camera: known, fields: Object.keys(input) }),
      }),
    );
  }

  /** Whether the camera may be read unencrypted. @throws AppError `not_found`, `conflict` for one whose address is not encrypted */
  async secureTransport(
    principal: Principal,
    request: { reference: string; transportSecurity: TransportSecurity; by: Actor },
  ): Promise<Camera> {
    const { by, reference, transportSecurity } = request;
    const known = await this.find(cameraScopeOf(principal), reference);
    const isPlain = [known.rtspUrl, known.substreamUrl].some((url) => url !== null && !isEncrypted(url));
    if (transportSecurity === 'rtsps_required' && isPlain)
      throw new AppError('conflict', 'an address of the camera is rtsp://: change it to rtsps:// first');
    const camera = await this.store.update(known.id, {
      fields: { transportSecurity },
      encryptedPassword: undefined,
      judgeDuplicates: acceptDuplicates,
      writeEntry: this.entryOf(by, { action: 'camera.changed', camera: known, fields: ['transport_security'] }),
    });
    this.bus.publish(camerasChanged, { camera_id: camera.id });
    return camera;
  }

  /** Soft: recordings and events stay. @throws AppError `not_found` */
  async remove(principal: Principal, { reference, by }: { reference: string; by: Actor }): Promise<void> {
    const camera = await this.find(cameraScopeOf(principal), reference);
    await this.store.markDeleted(camera.id, this.entryOf(by, { action: 'camera.deleted', camera, fields: [] }));
    this.bus.publish(camerasChanged, { camera_id: camera.id });
  }

  /** Splits credentials off the URLs and checks where they lead. Credentials inside the URL count unless fields name others: null is none. */
  private async checkInput({
    ipAddress: _ipAddress,
    password,
    port: _port,
    ...input
  }: CameraInput): Promise<{ fields: CameraFields; password: string | null | undefined }> {
    const main = input.rtspUrl === undefined ? undefined : await this.checkUrl('rtsp_url', input.rtspUrl);
    const sub = input.substreamUrl == null ? undefined : await this.checkUrl('substream_url', input.substreamUrl);
    if (input.onvifUrl != null) await this.checkOnvifUrl(input.onvifUrl);
    const inUrl = main?.username === undefined ? sub : main;
    if (sub?.username !== undefined && (sub.username !== inUrl?.username || sub.password !== inUrl.password))
      throw invalidField('body', 'substream_url', 'has other credentials than rtsp_url');
    const username = input.username ?? inUrl?.username ?? input.username;
    const fields = {
      ...input,
      ...(main ? { rtspUrl: main.url } : {}),
      ...(sub ? { substreamUrl: sub.url } : {}),
      ...(username === undefined ? {} : { username }),
    };
    return { fields, password: password ?? inUrl?.password ?? password };
  }

  private async checkUrl(field: string, text: string) {
    const checked = checkCameraUrl(text);
    if ('problem' in checked) throw invalidField('body', field, checked.problem);
    try {
      await this.connections.check(checked);
    } catch (error) {
      throw error instanceof AppError ? invalidField('body', field, error.message) : error;
    }
    return checked;
  }

  private async checkOnvifUrl(text: string): Promise<void> {
    try {
      await this.connections.check(parseRemoteUrl(text));
    } catch (error) {
      throw error instanceof AppError ? invalidField('body', 'onvif_url', error.message) : error;
    }
  }

  /** Names of fields only: addresses and passwords of cameras have no place in a log. */
  private entryOf(by: Actor, { action, camera, fields }: { action: AuditAction; camera: Camera; fields: readonly string[] }): WriteEntry {
    const details = { name: camera.name, ...(fields.length > 0 && { fields }) };
    return this.audit.entryOf(by, { action, entityType: 'camera', entityId: camera.id, details });
  }

  /** For who changed it: an admin. */
  private async changed(camera: Camera): Promise<CameraView> {
    this.bus.publish(camerasChanged, { camera_id: camera.id });
    return this.view(camera, { forAdmin: true });
  }

  private async view(camera: Camera, reader: { forAdmin: boolean }): Promise<CameraView> {
    const [view] = await this.views([camera], reader);
    if (!view) throw new AppError('internal', 'a camera has no view');
    return view;
  }

  private async views(cameras: readonly Camera[], { forAdmin }: { forAdmin: boolean }): Promise<CameraView[]> {
    const nowMs = this.clock.wallMs();
    const ids = cameras.map(({ id }) => id);
    const lastRecordings = await this.store.findLastRecordings(ids, { presentUntil: new Date(nowMs + recordingFreshMs) });
    return cameras.map((camera) => cameraView({ camera, lastRecording: lastRecordings.get(camera.id), nowMs, forAdmin }));
  }
}

function isAdmin(principal: Principal): boolean {
  return principal.kind === 'user' && principal.isSuperuser;
}

const acceptDuplicates: JudgeDuplicates = () => undefined;

const refuseDuplicates: JudgeDuplicates = (duplicates) => {
  if (duplicates.length === 0) return;
  const message = 'there is a camera at this address already: use force=true to add it again';
  throw new AppError('conflict', message, { details: { detail: { code: 'duplicate_camera', message, duplicates } } });
};

function requirePasswordStays(changed: PasswordTargets, known: Camera): void {
  for (const name of ['rtspUrl', 'substreamUrl', 'onvifUrl'] as const) {
    const url = changed[name];
    const purpose = name === 'onvifUrl' ? 'onvif' : 'stream';
    if (url !== null && url !== known[name] && !mayHavePassword(url, known, purpose)) throw invalidField('body', 'password', typeAgain);
  }
}

function requireEncryption({
  rtspUrl,
  substreamUrl,
  transportSecurity,
}: Pick<Camera, 'rtspUrl' | 'substreamUrl' | 'transportSecurity'>): void {
  if (transportSecurity !== 'rtsps_required') return;
  for (const [field, url] of Object.entries({ rtsp_url: rtspUrl, substream_url: substreamUrl }))
    if (url !== null && !isEncrypted(url)) throw invalidField('body', field, 'must begin with rtsps://: the camera must be read encrypted');
}
