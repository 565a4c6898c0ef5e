import type { CameraId, EventReport, ModelIdentity } from '@nightjar/contracts';
import { boxArea, normaliseBox, type BoxXyxy } from '@nightjar/geometry';
import type { Clock, Logger } from '@nightjar/runtime';
import type { EventReporter } from '../analytics/event-reporter.js';
import { pictureOrigin, type FrameResult, type TrackedObject } from '../analytics/frame-result.js';
import { PersonPresence, type PresenceChange } from '../analytics/person-presence.js';
import type { FrameStore } from './frame-store.js';

interface PersonEventsParts {
  cameraId: CameraId;
  frames: Pick<FrameStore, 'writeEvent' | 'removeEvent'>;
  reporter: Pick<EventReporter, 'report'>;
  /** Makes track ids unique over restarts of the agent. */
  session: string;
  clock: Clock;
  logger: Logger;
}

type Opened = Extract<PresenceChange, { kind: 'opened' }>;

/** A person on a frame, and how well it shows them. */
interface Sight {
  /** Score × share of the picture: how sure the detector is, and how large the person. */
  rank: number;
  score: number;
  box: BoxXyxy;
  result: FrameResult;
  model: ModelIdentity;
}

/** Of one open event. */
interface Shown {
  startedAtUnixMs: number;
  /** Of the picture that nvr has or gets. */
  rank: number;
  atMs: number;
  pictures: number;
  /** Better than that picture, and not told of yet. */
  better: Sight | undefined;
}

/** A better picture of a person is told of when it is better by so much, and so long after the last one, or as the event ends. */
const betterBy = 1.1;
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
    const sights = new Map(persons.map((person) => [person.trackId, sightOf(person, result, model)]));
    const changes = this.presence.update(persons, { unixMs: result.frame.capturedAtMs, monotonicMs: result.frame.monotonicMs });
    for (const change of changes) {
      if (change.kind === 'closed') this.close(change);
      else this.open(change, sights.get(change.trackId));
    }
    for (const [trackId, sight] of sights) this.consider(trackId, sight);
    this.showBetter(result.frame.monotonicMs);
  }

  /** Lets time pass while no frame was analysed. */
  tick(): void {
    const { clock } = this.parts;
    const changes = this.presence.update([], { unixMs: clock.wallMs(), monotonicMs: clock.monotonicMs() });
    for (const change of changes) if (change.kind === 'closed') this.close(change);
    this.showBetter(clock.monotonicMs());
  }

  /** Ends what is open. Afterwards everything is with the reporter. */
  async closeAll(): Promise<void> {
    for (const change of this.presence.closeAll()) if (change.kind === 'closed') this.close(change);
    await Promise.all(this.opening.values());
  }

  private open(change: Opened, sight: Sight | undefined): void {
    if (!sight) return;
    const { startedAtUnixMs, trackId } = change;
    this.shown.set(trackId, { startedAtUnixMs, rank: sight.rank, atMs: sight.result.frame.monotonicMs, pictures: 1, better: undefined });
    this.show(change, sight, this.trackName(trackId));
  }

  /** Keeps the best frame of a person until it may be told of: a later one may never be as good. One frame for each open event. */
  private consider(trackId: number, sight: Sight): void {
    const shown = this.shown.get(trackId);
    if (shown && sight.rank > (shown.better?.rank ?? shown.rank * betterBy)) shown.better = sight;
  }

  private showBetter(nowMs: number): void {
    for (const [trackId, shown] of this.shown) if (nowMs - shown.atMs >= pictureEveryMs) this.showBest(trackId, shown, nowMs);
  }

  /** nvr keeps the picture of the best rank. */
  private showBest(trackId: number, shown: Shown, nowMs: number): void {
    const { better, startedAtUnixMs } = shown;
    if (!better) return;
    Object.assign(shown, { rank: better.rank, atMs: nowMs, pictures: shown.pictures + 1, better: undefined });
    const { box, score } = better;
    this.show({ kind: 'opened', trackId, startedAtUnixMs, score, box }, better, `${this.trackName(trackId)}.${shown.pictures}`);
  }

  /** What is told of an event is what its picture shows. */
  private show(change: Opened, { box, model, rank, result }: Sight, pictureName: string): void {
    const { x1, y1, x2, y2 } = normaliseBox(box, { width: result.picture.w, height: result.picture.h });
    this.payloads.set(change.trackId, {
      bbox: { x: x1, y: y1, w: x2 - x1, h: y2 - y1 },
      frame: result.picture,
      frame_ts_ms: result.frame.capturedAtMs,
      picture_rank: rank,
      ...pictureOrigin(result),
      model,
    });
    const described = this.describe(change);
    this.enqueue(change.trackId, async () => this.report(described, await this.writePicture(box, result, pictureName)));
  }

  private enqueue(trackId: number, work: () => Promise<void>): void {
    const queued: Promise<void> = (this.opening.get(trackId) ?? Promise.resolve()).then(work).finally(() => {
      if (this.opening.get(trackId) === queued) this.opening.delete(trackId);
    });
    this.opening.set(trackId, queued);
  }

  private async writePicture({ x1, x2, y1, y2 }: BoxXyxy, { frame, picture }: FrameResult, name: string): Promise<string | null> {
    const { frames, logger } = this.parts;
    // The box stands in the picture that was analysed, which may be a smaller version of the frame.
    const scale = frame.picture.width / picture.w;
    const box = { x1: x1 * scale, y1: y1 * scale, x2: x2 * scale, y2: y2 * scale };
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
    const shown = this.shown.get(change.trackId);
    if (shown) this.showBest(change.trackId, shown, shown.atMs);
    const report = { ...this.describe(change), ended_at_unix_ms: change.endedAtUnixMs, frame_file: null };
    this.payloads.delete(change.trackId);
    this.shown.delete(change.trackId);
    if (this.opening.has(change.trackId)) this.enqueue(change.trackId, () => Promise.resolve(this.parts.reporter.report(report)));
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

function sightOf({ box, score }: TrackedObject, result: FrameResult, model: ModelIdentity): Sight {
  const share = boxArea(normaliseBox(box, { width: result.picture.w, height: result.picture.h }));
  return { rank: score * share, score, box, result, model };
}
