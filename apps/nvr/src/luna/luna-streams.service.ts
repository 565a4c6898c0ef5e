import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { SecretBox, type Principal } from '@nightjar/auth';
import { camerasChanged } from '@nightjar/contracts';
import { asLuna, lunaErrors } from '@nightjar/luna';
import { Bus } from '@nightjar/messaging';
import { AppError } from '@nightjar/runtime';
import type { Actor } from '../audit/actor.js';
import { CamerasService } from '../cameras/cameras.service.js';
import { LunaAnalyticsService } from './luna-analytics.service.js';
import { LunaGroupsStore } from './luna-groups.store.js';
import { LunaStreamsStore, type LogFilter, type LunaStreamRow, type StreamFilter } from './luna-streams.store.js';
import { managerError } from './manager-errors.js';
import { nameOfStream, ownNameOf } from './stream-name.js';
import { isFileType, isMasked, streamReferencePurpose } from './stream-reference.js';
import { StreamReferences } from './stream-references.js';
import type { LunaStatus, NewStream, ReplacedStream } from './stream-request.js';
import { allStreamsOf, managedScopeOf, streamScopeOf } from './stream-scope.js';
import { shownReference } from './stream-view.js';

/** Who asks, and for which account. */
export interface LunaCaller {
  principal: Principal;
  accountId: string;
  /** As the audit log names the caller. */
  by: Actor;
}

/** An account's. Each costs a lease and a decoder somewhere. */
const streamsMax = 10_000;
/** From where a user may stop a stream, and from where it may go on. */
const stoppable: readonly LunaStatus[] = ['pending', 'in_progress', 'restart', 'failure'];
const resumable: readonly LunaStatus[] = ['stop', 'done', 'failure'];
/** Of a change, what the audit log names. */
const comparedFields = ['name', 'description', 'autorestart', 'analytics', 'data', 'location'] as const;

/** Streams of an account: what is analysed, and how. */
@Injectable()
export class LunaStreamsService {
  constructor(
    private readonly store: LunaStreamsStore,
    private readonly groups: LunaGroupsStore,
    private readonly analytics: LunaAnalyticsService,
    private readonly cameras: CamerasService,
    private readonly references: StreamReferences,
    private readonly secretBox: SecretBox,
    private readonly bus: Bus,
  ) {}

  async list(caller: LunaCaller, filter: StreamFilter, page: { skip: number; take: number }): Promise<LunaStreamRow[]> {
    await this.store.addCameras();
    return this.store.list(streamScopeOf(caller), filter, page);
  }

  async count(caller: LunaCaller, filter: StreamFilter): Promise<number> {
    await this.store.addCameras();
    return this.store.count(streamScopeOf(caller), filter);
  }

  /** @throws AppError `not_found` */
  async find(caller: LunaCaller, id: string): Promise<LunaStreamRow> {
    await this.store.addCameras();
    const stream = await this.store.find(streamScopeOf(caller), id);
    if (!stream) throw managerError('streamNotFound', `Stream ${id}`);
    return stream;
  }

  /**
   * @returns its id
   * @throws AppError `invalid_argument` (address, parameters), `not_found` (analytic, group), `conflict` when there are too many,
   *   `permission_denied` for a key that names cameras: it would not see what it made
   */
  async create(caller: LunaCaller, request: NewStream): Promise<string> {
    const { accountId, by } = caller;
    if (!streamScopeOf(caller).withOthers) throw new AppError('permission_denied', 'a key that names cameras has no other streams');
    const { analytics, autorestart, data, description, location, name, status } = request;
    requireOwn(accountId, request.account_id);
    const { reference, ...source } = data;
    await this.checkReference(data);
    const groupId = await this.findGroup(accountId, request);
    const chosen = await this.analytics.choose(accountId, analytics);
    if ((await this.store.count(allStreamsOf(accountId), {})) >= streamsMax)
      throw new AppError('conflict', `an account has at most ${streamsMax} streams`);
    const id = randomUUID();
    const encryptedReference = this.secretBox.seal(reference, streamReferencePurpose(id));
    const row = { id, accountId, name, description, data: asJson(source), encryptedReference, autorestart, status };
    const details = { name, type: data.type, analytics: namesOf(chosen) };
    await this.store.create({ ...row, analytics: asJson(chosen), ...(location && { location }) }, groupId, { by, details });
    return id;
  }

  /**
   * @returns the new version, as this request wrote it
   * @throws AppError as `create`, and `permission_denied` for a camera that the caller only sees
   */
  async replace(caller: LunaCaller, id: string, request: ReplacedStream): Promise<LunaStreamRow> {
    const known = await this.findManaged(caller, id);
    const { analytics, autorestart, data, description, location, name } = request;
    requireOwn(caller.accountId, request.account_id);
    const { reference: given, ...source } = data ?? {};
    // What was read may be sent back as it was shown: a mask is no password.
    const reference = given === shownReference(known, this.secretBox) ? undefined : given;
    if (reference !== undefined && known.cameraId !== null) throw invalid("a camera's address is changed with the camera");
    if (data && reference !== undefined) await this.checkReference({ ...data, reference });
    else if (data && isFileType(data.type) !== isFileType((known.data as { type?: string }).type))
      throw invalid('a stream of another type needs its data.reference');
    const groupId = await this.findGroup(caller.accountId, request);
    const chosen = await this.analytics.choose(caller.accountId, analytics);
    const status = request.status ?? (known.status === 'stop' ? 'stop' : 'pending');
    const change = {
      name: ownNameOf(name, known.camera),
      description,
      autorestart,
      analytics: asJson(chosen),
      ...(location !== undefined && { location }),
      ...(data && { data: asJson(source) }),
      ...(reference !== undefined && { encryptedReference: this.secretBox.seal(reference, streamReferencePurpose(id)) }),
    };
    const fields = [
      ...changedFields(known, change),
      ...(reference === undefined ? [] : ['reference']),
      ...((status === 'stop') === (known.status === 'stop') ? [] : ['status']),
      ...(groupId === undefined ? [] : ['group']),
    ];
    const details = { ...aboutStream(known), fields, analytics: namesOf(chosen) };
    const changed = await this.store.change(known, change, { status, groupId, told: { by: caller.by, details } });
    this.nudge(known);
    return changed;
  }

  /** @returns how many streams changed: 0 when it was so already. @throws AppError `not_found`, `permission_denied` */
  async switch(caller: LunaCaller, id: string, action: 'stop' | 'resume'): Promise<number> {
    const known = await this.findManaged(caller, id);
    const change = action === 'stop' ? { from: stoppable, to: 'stop' as const } : { from: resumable, to: 'pending' as const };
    const told = { by: caller.by, details: { ...aboutStream(known), action } };
    const hasChanged = await this.store.switchStatus(id, change, told);
    this.nudge(known);
    return hasChanged ? 1 : 0;
  }

  /** @throws AppError `not_found`, `conflict` for a camera, which goes with the camera */
  async remove(caller: LunaCaller, id: string): Promise<void> {
    const known = await this.findManaged(caller, id);
    if (known.cameraId !== null) throw new AppError('conflict', 'this stream is a camera: remove the camera, or stop the stream');
    await this.store.remove(id, { by: caller.by, details: aboutStream(known) });
  }

  /** Of a stream that is named, or else of all that the caller may change. @throws AppError `not_found`, `permission_denied` */
  async removeLogs(caller: LunaCaller, filter: LogFilter): Promise<void> {
    await this.store.addCameras();
    if (filter.streamId !== undefined) await this.findManaged(caller, filter.streamId);
    await this.store.removeLogs(managedScopeOf(caller), filter, caller.by);
  }

  /** Who takes streams out of a group by removing it has to manage them. @throws AppError `permission_denied` */
  async requireManagesAllOf(caller: LunaCaller, groupId: string): Promise<void> {
    if (await this.store.hasBeyond(managedScopeOf(caller), groupId))
      throw new AppError('permission_denied', 'there are streams in this group that you may not change');
  }

  /**
   * A stream that the caller may change; a camera's takes the right to manage the camera.
   * @throws AppError `not_found`, `permission_denied`
   */
  async findManaged(caller: LunaCaller, id: string): Promise<LunaStreamRow> {
    const stream = await this.find(caller, id);
    if (stream.cameraId !== null) await this.cameras.findManaged(caller.principal, String(stream.cameraId));
    return stream;
  }

  private async checkReference(data: { type: string; reference: string }): Promise<void> {
    if (isMasked(data.reference)) throw invalid('data.reference: holds a mask where its password has to be');
    await this.references.check(data).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'unprocessable' ? invalid(`data.reference: ${error.message}`) : error;
    });
  }

  private async findGroup(
    accountId: string,
    { group_id, group_name }: { group_id?: string | undefined; group_name?: string | undefined },
  ): Promise<string | undefined> {
    if (group_id === undefined && group_name === undefined) return undefined;
    return (await this.groups.find(accountId, { id: group_id, name: group_name })).id;
  }

  private nudge({ cameraId }: LunaStreamRow): void {
    if (cameraId !== null) this.bus.publish(camerasChanged, { camera_id: cameraId });
  }
}

/** What every entry of the audit log says of a stream. */
function aboutStream(stream: LunaStreamRow): Record<string, unknown> {
  return { name: nameOfStream(stream, stream.camera), ...(stream.cameraId !== null && { camera_id: stream.cameraId }) };
}

/** Names only: parameters of analytics hold addresses of callbacks, and what opens those. */
function namesOf(analytics: readonly { analytic_name: string }[]): string[] {
  return analytics.map(({ analytic_name }) => analytic_name);
}

function changedFields(known: LunaStreamRow, change: Partial<Record<(typeof comparedFields)[number], unknown>>): string[] {
  const before = { ...known, name: ownNameOf(nameOfStream(known, known.camera), known.camera) };
  return comparedFields.filter((field) => change[field] !== undefined && !isDeepStrictEqual(change[field], before[field]));
}

function requireOwn(accountId: string, stated: string | undefined): void {
  if (stated !== undefined && stated !== accountId) throw new AppError('permission_denied', 'account_id is not the account of the caller');
}

function invalid(detail: string): AppError {
  return new AppError('invalid_argument', detail, { details: asLuna(lunaErrors.parameterInvalid, detail) });
}

function asJson(value: object): object {
  return JSON.parse(JSON.stringify(value)) as object;
}
