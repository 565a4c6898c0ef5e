import { Inject, Injectable } from '@nestjs/common';
import type { Principal } from '@nightjar/auth';
import type { CameraView } from '@nightjar/contracts';
import { AppError, type Clock } from '@nightjar/runtime';
import { cameraScopeOf } from '../cameras/camera-scope.js';
import { CamerasService } from '../cameras/cameras.service.js';
import { CamerasStore, type Camera } from '../cameras/cameras.store.js';
import { parseCameraReference } from '../cameras/parse-camera-reference.js';
import { CLOCK } from '../process-parts.js';
import { mergeSpans, type Span } from './merge-spans.js';
import type { TimeRange } from './segments.service.js';
import { SegmentsStore } from './segments.store.js';
import { TimelineStore, type RecordedCamera, type RecordedDay, type RecordedStretch } from './timeline.store.js';
import { daysOfMonth, lastDays } from './zoned-days.js';

/** Longest that is played at once. */
const spanMsMax = 3_600_000;
/** A file that is written and ended so lately is the live edge. */
const liveEdgeMs = 60_000;

/** What is recorded of a camera in a range. */
interface Timeline {
  camera: Camera;
  spans: Span[];
  /** Begin of the file that is being written; undefined when none is. */
  liveEdgeUnixMs: number | undefined;
}

/** When what was recorded, for time lines and calendars; only of cameras that the caller may see. */
@Injectable()
export class TimelineService {
  constructor(
    private readonly segments: SegmentsStore,
    private readonly store: TimelineStore,
    private readonly cameras: CamerasService,
    private readonly cameraRows: CamerasStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws AppError `not_found` */
  async timeline(principal: Principal, request: { reference: string; range: TimeRange }): Promise<Timeline> {
    const { range, reference } = request;
    const camera = await this.cameras.find(cameraScopeOf(principal), reference);
    const recorded = await this.segments.listOverlapping(camera.id, { from: new Date(range.fromUnixMs), to: new Date(range.toUnixMs) });
    const spans = recorded.map(({ endsAt, startsAt }) => ({ fromUnixMs: startsAt.getTime(), toUnixMs: endsAt.getTime() }));
    const newest = recorded.at(-1);
    const isLive = newest?.open === true && this.clock.wallMs() - newest.endsAt.getTime() < liveEdgeMs;
    return {
      camera,
      spans: mergeSpans(spans, range, { longestMs: spanMsMax }),
      liveEdgeUnixMs: isLive ? newest.startsAt.getTime() : undefined,
    };
  }

  /** Days of a month, `YYYY-MM`, with recordings. @throws AppError `not_found` */
  async calendar(
    principal: Principal,
    request: { reference: string; month: string; timeZone: string },
  ): Promise<{ camera: Camera; days: RecordedDay[] }> {
    const camera = await this.cameras.find(cameraScopeOf(principal), request.reference);
    return { camera, days: await this.store.recordedDays([camera.id], daysOfMonth(request.month, request.timeZone)) };
  }

  /**
   * Recorded days of one camera, or of all that the caller sees; or of those that were deleted, which admins see.
   * @throws AppError `not_found`
   */
  async list(
    principal: Principal,
    request: { reference: string | undefined; timeZone: string; days: number; deletedOnly: boolean },
  ): Promise<{ camera: Camera; days: RecordedDay[] }[]> {
    const cameras = request.deletedOnly
      ? await this.deleted(principal, request.reference)
      : await this.visible(principal, request.reference);
    const days = lastDays(request.days, request.timeZone, this.clock.wallMs());
    const recorded = await this.store.recordedDays(
      cameras.map(({ id }) => id),
      days,
    );
    return cameras.flatMap((camera) => {
      const ofCamera = recorded.filter(({ cameraId }) => cameraId === camera.id);
      return ofCamera.length > 0 ? [{ camera, days: ofCamera }] : [];
    });
  }

  /** What was recorded of a range without a gap, of one camera or of all that the caller sees, newest first. @throws AppError `not_found` */
  async sessions(
    principal: Principal,
    request: { reference: string | undefined; range: TimeRange; limit: number },
  ): Promise<(RecordedStretch & { camera: Camera })[]> {
    const cameras = await this.visible(principal, request.reference);
    const ids = cameras.map(({ id }) => id);
    return withCameras(await this.store.stretches(ids, { ...request.range, limit: request.limit }), cameras);
  }

  /** Cameras that the caller sees and that have recordings. */
  async recordedCameras(principal: Principal): Promise<(RecordedCamera & { camera: Camera })[]> {
    const cameras = await this.visible(principal, undefined);
    return withCameras(await this.store.recordedCameras(cameras.map(({ id }) => id)), cameras);
  }

  /** Totals of all cameras that the caller sees. */
  async totals(principal: Principal) {
    const cameraIds = await this.cameraRows.listIds(cameraScopeOf(principal));
    return { cameras: cameraIds.length, ...(await this.store.totals(cameraIds)) };
  }

  /** How recording of a camera goes. @throws AppError `not_found` */
  status(principal: Principal, reference: string): Promise<CameraView> {
    return this.cameras.show(principal, reference);
  }

  private async visible(principal: Principal, reference: string | undefined): Promise<Camera[]> {
    const scope = cameraScopeOf(principal);
    if (reference !== undefined) return [await this.cameras.find(scope, reference)];
    return this.cameraRows.listByIds(await this.cameraRows.listIds(scope));
  }
  private async deleted(principal: Principal, reference: string | undefined): Promise<Camera[]> {
    const isAdmin = principal.kind === 'user' && principal.isSuperuser;
    const cameras = isAdmin ? await this.cameraRows.listDeleted() : [];
    if (reference === undefined) return cameras;
    const parsed = parseCameraReference(reference);
    const named = cameras.filter(({ framesName, id }) => (parsed?.kind === 'id' ? parsed.id === id : parsed?.framesName === framesName));
    if (named.length === 0) throw new AppError('not_found', 'Camera not found');
    return named;
  }
}

function withCameras<Found extends { cameraId: number }>(found: readonly Found[], cameras: readonly Camera[]) {
  const known = new Map(cameras.map((camera) => [camera.id, camera]));
  return found.flatMap((one) => {
    const camera = known.get(one.cameraId);
    return camera ? [{ ...one, camera }] : [];
  });
}
