import { Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import { domainEvent, eventCommitted, type EventReport, type ListedEventView } from '@nightjar/contracts';
import { Bus } from '@nightjar/messaging';
import { AppError } from '@nightjar/runtime';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import { CamerasStore } from '../cameras/cameras.store.js';
import { domainEventOf } from './domain-event.js';
import { EventListStore, type EventsPage } from './event-list.store.js';
import { listedEventView } from './event-view.js';
import type { EventsCursor, EventsQuery } from './events-query.js';
import { EventWriter } from './event-writer.js';
import { EventsStore } from './events.store.js';
import { EvidenceFiles, type KeptEvidence } from './evidence-files.js';
import type { EventState } from './merge-event.js';
import type { EventKey, EventKind, SavedEvent } from './write-reports.js';

/** Digits of a score that the database's `real` keeps, so that what was stored compares equal to what was sent. */
const scoreSteps = 10_000;
/** Rows that one page looks at: some tens of milliseconds. A filter that hardly anything matches is answered page by page. */
const lookedAtMax = 20_000;

@Injectable()
export class EventsService {
  constructor(
    private readonly store: EventsStore,
    private readonly writer: EventWriter,
    private readonly lists: EventListStore,
    private readonly evidence: EvidenceFiles,
    private readonly cameras: CamerasService,
    private readonly cameraRows: CamerasStore,
    private readonly bus: Bus,
  ) {}

  /** Answers after the row is committed. @throws AppError `not_found` for an unknown camera */
  async report(report: EventReport): Promise<{ event_id: number; seq: number }> {
    const key = { cameraId: report.camera_id, trackId: report.track_id, startedAt: new Date(Math.round(report.started_at_unix_ms)) };
    const kept = await this.keepEvidence(report);
    const state: EventState = {
      label: report.label,
      score: Math.round(report.score * scoreSteps) / scoreSteps,
      // An agent's clock may have been set back in between.
      endedAt: report.ended_at_unix_ms === null ? null : new Date(Math.round(Math.max(report.ended_at_unix_ms, report.started_at_unix_ms))),
      evidenceFile: kept?.file ?? null,
      plateText: null,
      payload: report.payload,
    };
    const saved = await this.save(key, state, { kept, kind: { source: 'tier0', eventType: report.event_type ?? 'track' } });
    this.tell(saved);
    return { event_id: saved.id, seq: saved.seq };
  }

  /**
   * An event that came with its picture, of an app or a service. Answers after the row is committed.
   * @throws AppError `not_found` for an unknown camera
   */
  async record(event: {
    key: EventKey;
    kind: EventKind;
    state: Omit<EventState, 'evidenceFile'>;
    picture: Buffer | undefined;
  }): Promise<SavedEvent> {
    const { key, kind, picture, state } = event;
    const camera = await this.cameras.find({ kind: 'all' }, String(key.cameraId));
    const eventKey = `${key.cameraId} ${key.trackId ?? ''} ${key.startedAt.getTime()}`;
    const kept = picture && (await this.evidence.keepIfPossible(picture, { cameraUuid: camera.uuid, eventKey }));
    const score = state.score === null ? null : Math.round(state.score * scoreSteps) / scoreSteps;
    const saved = await this.save(key, { ...state, score, evidenceFile: kept?.file ?? null }, { kept, kind });
    this.tell(saved);
    return saved;
  }

  /** By any of the names of a camera, whoever asks. @throws AppError `not_found` */
  async findCamera(reference: string): Promise<{ id: number }> {
    return this.cameras.find({ kind: 'all' }, reference);
  }

  /** Newest first. @throws AppError `not_found` when a camera in the query is unknown or not to be seen */
  async listLatest(
    principal: Principal,
    query: { limit: number; cameras: readonly string[] },
  ): Promise<{ events: ListedEventView[]; count: number }> {
    const { events } = await this.lists.list({
      ...(await this.ownPage(principal, query.cameras)),
      filter: {},
      limit: query.limit,
      lookedAtMax,
    });
    return { events: events.map(listedEventView), count: events.length };
  }

  /**
   * A page, and where the next one begins. It is short, or empty, when what was looked at had no more that the filter lets through.
   * @throws AppError as `listLatest`
   */
  async list(principal: Principal, query: EventsQuery): Promise<{ events: ListedEventView[]; next: EventsCursor | undefined }> {
    const { cameras, cursor, filter, limit } = query;
    const asked = { ...(await this.ownPage(principal, cameras)), filter, cursor, limit: limit + 1, lookedAtMax };
    const { events: found, lookedUpTo } = await this.lists.list(asked);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return { events: page.map(listedEventView), next: last ? { startedAtUnixMs: last.startedAt.getTime(), id: last.id } : lookedUpTo };
  }

  /** @throws AppError `not_found`: no such event, not yours, or without a picture */
  async readEvidence(principal: Principal, eventId: number): Promise<Buffer> {
    const event = await this.store.find(eventId, cameraScopeOf(principal));
    if (!event?.evidenceFile) throw new AppError('not_found', 'Event not found, or it has no picture');
    return this.evidence.read(event.evidenceFile);
  }

  /** Facts, after the commit: a nudge to the other processes, and what apps of OpenNVR listen to. */
  private tell(saved: SavedEvent): void {
    this.bus.publish(eventCommitted, { seq: saved.seq });
    const told = domainEventOf(saved);
    if (told) this.bus.publish(domainEvent, told);
  }

  /** What of a list depends on who asks. */
  private async ownPage(principal: Principal, references: readonly string[]): Promise<Pick<EventsPage, 'cameraIds' | 'userId'>> {
    const scope = cameraScopeOf(principal);
    const userId = principal.kind === 'user' ? principal.userId : undefined;
    if (references.length > 0)
      return { userId, cameraIds: await Promise.all(references.map(async (reference) => (await this.cameras.find(scope, reference)).id)) };
    return { userId, cameraIds: scope.kind === 'all' ? undefined : await this.cameraRows.listIds(scope) };
  }

  private async keepEvidence(report: EventReport): Promise<KeptEvidence | undefined> {
    if (report.frame_file === null) return undefined;
    const camera = await this.cameras.find({ kind: 'all' }, String(report.camera_id));
    const eventKey = `${report.camera_id} ${report.track_id} ${Math.round(report.started_at_unix_ms)}`;
    return this.evidence.keep({ cameraUuid: camera.uuid, framesName: camera.framesName, frameFile: report.frame_file, eventKey });
  }

  /** Afterwards exactly the picture that the row names is left. */
  private async save(
    key: EventKey,
    state: EventState,
    { kept, kind }: { kept: KeptEvidence | undefined; kind: EventKind },
  ): Promise<SavedEvent> {
    try {
      const saved = await this.writer.save(key, state, kind);
      const unused = [kept?.file, saved.evidenceFileBefore].filter((file) => file != null && file !== saved.evidenceFile);
      for (const file of unused) if (file != null) await this.evidence.drop(file);
      return saved;
    } catch (error) {
      if (kept?.isNew) await this.evidence.drop(kept.file);
      throw error;
    }
  }
}
