import type { CameraId, ModelIdentity } from '@nightjar/contracts';
import { normaliseBox } from '@nightjar/geometry';
import type { Clock, Logger } from '@nightjar/runtime';
import type { EventReporter } from '../analytics/event-reporter.js';
import type { FrameResult } from '../analytics/frame-result.js';
import { PersonPresence, type PresenceChange } from '../analytics/person-presence.js';
import type { FrameStore } from './frame-store.js';

export interface PersonEventsParts {
  cameraId: CameraId;
  frames: FrameStore;
  reporter: EventReporter;
  /** Makes track ids unique over restarts of the agent. */
  session: string;
  clock: Clock;
  logger: Logger;
}

/** The person events of one camera: opened with their pictures, closed when the person has left. */
export class PersonEvents {
  private readonly presence = new PersonPresence();
  /** What was told when an event opened, to be told again when it closes. Bounded by the open events. */
  private readonly payloads = new Map<number, Record<string, unknown>>();
  /** Opens in work: their pictures are written first, and their close must not overtake them. */
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

  private open(change: Extract<PresenceChange, { kind: 'opened' }>, result: FrameResult, model: ModelIdentity): void {
    const { x1, y1, x2, y2 } = normaliseBox(change.box, { width: result.picture.w, height: result.picture.h });
    this.payloads.set(change.trackId, {
      bbox: { x: x1, y: y1, w: x2 - x1, h: y2 - y1 },
      frame: result.picture,
      frame_ts_ms: result.frame.capturedAtMs,
      model,
    });
    const opening = this.writeAndReport(change, result).finally(() => this.opening.delete(change.trackId));
    this.opening.set(change.trackId, opening);
  }

  private async writeAndReport(change: Extract<PresenceChange, { kind: 'opened' }>, { frame, picture }: FrameResult): Promise<void> {
    const { frames, reporter, logger } = this.parts;
    // The box stands in the picture that was analysed, which may be a smaller version of the frame.
    const scale = frame.picture.width / picture.w;
    const box = { x1: change.box.x1 * scale, y1: change.box.y1 * scale, x2: change.box.x2 * scale, y2: change.box.y2 * scale };
    const file = await frames
      .writeEvent({ trackId: this.trackName(change.trackId), picture: frame.picture, box })
      .catch((error: unknown) => {
        logger.error('the picture of an event was not written', { error });
        return null;
      });
    reporter.report({ ...this.describe(change), ended_at_unix_ms: null, frame_file: file }, () => {
      if (file !== null)
        frames.removeEvent(file).catch((error: unknown) => logger.warn('the picture of an event was not removed', { error }));
    });
  }

  private close(change: Extract<PresenceChange, { kind: 'closed' }>): void {
    const report = { ...this.describe(change), ended_at_unix_ms: change.endedAtUnixMs, frame_file: null };
    this.payloads.delete(change.trackId);
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
