import type { CameraId, EventReport, ModelIdentity } from '@nightjar/contracts';
import { normaliseBox } from '@nightjar/geometry';
import type { Clock, Logger } from '@nightjar/runtime';
import type { EventReporter } from '../analytics/event-reporter.js';
import { pictureOrigin, type FrameResult, type TrackedObject } from '../analytics/frame-result.js';
import { PersonPresence, type PresenceChange } from '../analytics/person-presence.js';
import type { FrameStore } from './frame-store.js';

export interface PersonEventsParts {
  cameraId: CameraId;
  frames: Pick<FrameStore, 'writeEvent' | 'removeEvent'>;
  reporter: Pick<EventReporter, 'report'>;
  /** Makes track ids unique over restarts of the agent. */
  session: string;
  clock: Clock;
  logger: Logger;
}

type Opened = Extract<PresenceChange, { kind: 'opened' }>;

/** Of one open event. */
interface Shown {
  /** Of the picture that nvr has or gets. */
  score: number;
  atMs: number;
  pictures: number;
}

/** A better picture of a person is told of when it is better by so much, and so long after the last one. */
const betterScore = 0.03;
const pictureEveryMs = 2_000;

/** The person events of one camera: opened with their pictures, shown better when they can be, closed when the person has left. */
export class PersonEvents {
  private readonly presence = new PersonPresence();
  /** What was told when an event opened, to be told again when it closes. Bounded by the open events. */
  private readonly payloads = new Map<number, Record<string, unknown>>();
  private readonly shown = new Map<number, Shown>();
  /** Reports in work: their pictures are written first, and no later report must overtake them. */
  private readonly opening = new Map<number, Promise<void>>();

  constructor(private readonly parts: PersonEventsParts) {}

  /** Takes the tracks of one analysed frame. */
  update(result: FrameResult, model: ModelIdentity): void {
    const persons = result.tracks.filter(({ label }) => label === 'person');
    const changes = this.presence.update(persons, { unixMs: result.frame.capturedAtMs, monotonicMs: result.frame.monotonicMs });
    for (const change of changes) {
      if (change.kind === 'opened') this.open(change, result, model);
      else this.close(change);
    }
    for (const person of persons) this.showBetter(person, result, model);
  }

  /** Lets time pass while no frame was analysed. */
  tick(): void {
    const { clock } = this.parts;
    const changes = this.presence.update([], { unixMs: clock.wallMs(), monotonicMs: clock.monotonicMs() });
    for (const change of changes) if (change.kind === 'closed') this.close(change);
  }

  /** Ends what is open. Afterwards everything is with the reporter. */
  async closeAll(): Promise<void> {
    await Promise.all(this.opening.values());
    for (const change of this.presence.closeAll()) if (change.kind === 'closed') this.close(change);
  }

  private open(change: Opened, result: FrameResult, model: ModelIdentity): void {
    this.shown.set(change.trackId, { score: change.score, atMs: result.frame.monotonicMs, pictures: 1 });
    this.show(change, { result, model, pictureName: this.trackName(change.trackId) });
  }

  /** nvr keeps the picture of the best score. */
  private showBetter({ trackId, best, box, score }: TrackedObject, result: FrameResult, model: ModelIdentity): void {
    const shown = this.shown.get(trackId);
    const startedAtUnixMs = this.presence.startOf(trackId);
    const { monotonicMs } = result.frame;
    if (!shown || startedAtUnixMs === undefined || !best) return;
    if (score < shown.score + betterScore || monotonicMs - shown.atMs < pictureEveryMs) return;
    Object.assign(shown, { score, atMs: monotonicMs, pictures: shown.pictures + 1 });
    const change = { kind: 'opened', trackId, startedAtUnixMs, score, box } as const;
    this.show(change, { result, model, pictureName: `${this.trackName(trackId)}.${shown.pictures}` });
  }

  /** What is told of an event is what its picture shows. */
  private show(change: Opened, { result, model, pictureName }: { result: FrameResult; model: ModelIdentity; pictureName: string }): void {
    const { x1, y1, x2, y2 } = normaliseBox(change.box, { width: result.picture.w, height: result.picture.h });
    this.payloads.set(change.trackId, {
      bbox: { x: x1, y: y1, w: x2 - x1, h: y2 - y1 },
      frame: result.picture,
      frame_ts_ms: result.frame.capturedAtMs,
      ...pictureOrigin(result),
      model,
    });
    const described = this.describe(change);
    this.enqueue(change.trackId, async () => this.report(described, await this.writePicture(change, result, pictureName)));
  }

  private enqueue(trackId: number, work: () => Promise<void>): void {
    const queued: Promise<void> = (this.opening.get(trackId) ?? Promise.resolve()).then(work).finally(() => {
      if (this.opening.get(trackId) === queued) this.opening.delete(trackId);
    });
    this.opening.set(trackId, queued);
  }

  private async writePicture(change: Opened, { frame, picture }: FrameResult, name: string): Promise<string | null> {
    const { frames, logger } = this.parts;
    // The box stands in the picture that was analysed, which may be a smaller version of the frame.
    const scale = frame.picture.width / picture.w;
    const box = { x1: change.box.x1 * scale, y1: change.box.y1 * scale, x2: change.box.x2 * scale, y2: change.box.y2 * scale };
    return frames.writeEvent({ trackId: name, picture: frame.picture, box }).catch((error: unknown) => {
      logger.error('the picture of an event was not written', { error });
      return null;
    });
  }

  private report(described: Omit<EventReport, 'ended_at_unix_ms' | 'frame_file'>, file: string | null): void {
    const { frames, reporter, logger } = this.parts;
    reporter.report({ ...described, ended_at_unix_ms: null, frame_file: file }, () => {
      if (file !== null)
        frames.removeEvent(file).catch((error: unknown) => logger.warn('the picture of an event was not removed', { error }));
    });
  }

  private close(change: Extract<PresenceChange, { kind: 'closed' }>): void {
    const report = { ...this.describe(change), ended_at_unix_ms: change.endedAtUnixMs, frame_file: null };
    this.payloads.delete(change.trackId);
    this.shown.delete(change.trackId);
    const opening = this.opening.get(change.trackId);
    if (opening) void opening.then(() => this.parts.reporter.report(report));
    else this.parts.reporter.report(report);
  }

  private describe(change: PresenceChange) {
    return {
      camera_id: this.parts.cameraId,
      label: 'person',
      score: change.score,
      track_id: this.trackName(change.trackId),
      started_at_unix_ms: change.startedAtUnixMs,
      payload: this.payloads.get(change.trackId) ?? {},
    };
  }

  private trackName(trackId: number): string {
    return `${this.parts.session}-${trackId}`;
  }
}
