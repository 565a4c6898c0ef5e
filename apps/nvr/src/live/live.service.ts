import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { AppError, type Clock } from '@nightjar/runtime';
import { cameraScopeOf, type CameraScope } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import { CamerasStore } from '../cameras/cameras.store.js';
import { EventsStore } from '../events/events.store.js';
import { CLOCK } from '../process-parts.js';
import { LiveClient, type LiveFilter } from './live-client.js';
import type { LiveConnection } from './live-connection.js';
import { LiveHub } from './live-hub.js';
import { LiveMessage } from './live-message.js';
import { planReplay, type ReplayStart } from './notification-cursor.js';
import { SystemAlertFeed } from './system-alert-feed.js';

/** Of the client's own cameras. Older ones are not replayed: who was away so long reads the list, not ten thousand messages. */
const replayMax = 10_000;

/** What a client asks for. */
export interface LiveQuery {
  /** References; none: all cameras. */
  cameras: readonly string[];
  notifications: boolean;
  overlays: boolean;
  /** What is the matter with the machine, where the caller may see that and asks for no camera in particular. */
  systemAlerts: boolean;
  cameraStatus: boolean;
  lastEventId: number | undefined;
}

/** A stream that was found possible and may begin. */
interface PlannedStream {
  query: LiveQuery;
  filter: LiveFilter;
  newestSeq: number;
  start: ReplayStart;
}

/** How long an answer about cameras is good for others who ask the same. */
const visibleMs = 1_000;
/** Full: all are asked anew. */
const scopesMax = 1_000;

@Injectable()
export class LiveService {
  private readonly visibleOf = new Map<string, { cameraIds: Promise<ReadonlySet<number>>; askedAtMs: number }>();

  constructor(
    private readonly hub: LiveHub,
    private readonly systemAlerts: SystemAlertFeed,
    private readonly events: EventsStore,
    private readonly cameras: CamerasService,
    private readonly cameraRows: CamerasStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError `not_found` for a camera that is unknown or not to be seen, `overloaded` */
  async plan(principal: Principal, query: LiveQuery): Promise<PlannedStream> {
    this.hub.requireRoom();
    const filter = await this.filterFor(principal, query);
    if (filter.systemAlerts) await this.systemAlerts.begin();
    const { lastEventId } = query;
    const ends = await this.events.readEnds();
    const oldestReplayableSeq = lastEventId === undefined ? 0 : await this.oldestReplayableSeq(lastEventId, filter);
    return { query, filter, newestSeq: ends.newestSeq, start: planReplay({ lastEventId, oldestReplayableSeq, ...ends }) };
  }

  /** Begins to send on a connection that stands. `reauthenticate` is asked again and again while it lives. */
  begin(planned: PlannedStream, connection: LiveConnection, reauthenticate: () => Promise<Principal>): void {
    const { filter, newestSeq, query, start } = planned;
    const revalidate = async () => this.narrowed(await reauthenticate(), { query, filter });
    const client = new LiveClient({ connection, filter, afterSeq: start.afterSeq, clock: this.clock, revalidate });
    connection.whenClosed(() => this.hub.remove(client));
    client.write(new LiveMessage({ event: 'opened', id: start.afterSeq, data: {} }));
    if (start.gap && query.lastEventId !== undefined) {
      const gap = { last_event_id: query.lastEventId, resumed_after: start.afterSeq };
      client.write(new LiveMessage({ event: 'gap', id: start.afterSeq, data: gap }));
    }
    // The other side may have gone while the handshake was answered.
    if (connection.isOpen) this.hub.add(client, newestSeq);
  }

  /** Null for no camera in particular. @throws AppError `not_found` */
  async findCameraId(principal: Principal, reference: string | undefined): Promise<number | null> {
    return reference === undefined ? null : (await this.cameras.find(cameraScopeOf(principal), reference)).id;
  }

  private async oldestReplayableSeq(afterSeq: number, { cameraIds }: LiveFilter): Promise<number> {
    return (await this.events.seqBeforeNewest(replayMax, { afterSeq, cameraIds })) ?? 0;
  }

  private async filterFor(principal: Principal, query: LiveQuery): Promise<LiveFilter> {
    const scope = cameraScopeOf(principal);
    const { cameraStatus, notifications, overlays } = query;
    const systemAlerts = query.systemAlerts && principal.kind === 'user' && principal.isSuperuser;
    if (query.cameras.length === 0)
      return {
        cameraIds: scope.kind === 'all' ? undefined : await this.visible(scope),
        notifications,
        overlays,
        systemAlerts,
        cameraStatus,
      };
    const cameras = await Promise.all(query.cameras.map((reference) => this.cameras.find(scope, reference)));
    return { cameraIds: new Set(cameras.map(({ id }) => id)), notifications, overlays, systemAlerts: false, cameraStatus };
  }

  /** What is left of a filter now. @throws AppError `not_found` when a camera that was asked for is not to be seen any more */
  private async narrowed(principal: Principal, { filter, query }: { filter: LiveFilter; query: LiveQuery }): Promise<LiveFilter> {
    if (query.cameras.length === 0) return this.filterFor(principal, query);
    const visible = await this.visible(cameraScopeOf(principal));
    if ([...(filter.cameraIds ?? [])].some((id) => !visible.has(id))) throw new AppError('not_found', 'Camera not found');
    return filter;
  }

  /** Cameras of a scope, asked once for all clients that have it and come to be checked at the same moment. */
  private visible(scope: CameraScope): Promise<ReadonlySet<number>> {
    const key = JSON.stringify(scope);
    const known = this.visibleOf.get(key);
    if (known && this.clock.monotonicMs() - known.askedAtMs < visibleMs) return known.cameraIds;
    const cameraIds = this.cameraRows.listIds(scope).then((ids) => new Set(ids));
    if (this.visibleOf.size >= scopesMax) this.visibleOf.clear();
    this.visibleOf.set(key, { cameraIds, askedAtMs: this.clock.monotonicMs() });
    cameraIds.catch(() => this.visibleOf.delete(key));
    return cameraIds;
  }
}
