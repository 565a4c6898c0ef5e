import { randomBytes } from 'node:crypto';
import type { CameraId, EventReport, ModelIdentity } from '@nightjar/contracts';
import { normaliseBox } from '@nightjar/geometry';
import type { Logger } from '@nightjar/runtime';
import type { AlertChange } from './analytic.js';
import type { EventReporter } from './event-reporter.js';
import { pictureOrigin, type FrameResult } from './frame-result.js';

interface AlertEventsParts {
  cameraId: CameraId;
  frames: {
    writeEvent(event: { trackId: string; picture: FrameResult['frame']['picture'] }): Promise<string>;
    removeEvent(file: string): Promise<void>;
  };
  reporter: Pick<EventReporter, 'report'>;
  /** Makes names unique over restarts of the agent. */
  session: string;
  logger: Logger;
}

/** The frame on which something changed; absent while none is analysed. */
export interface SeenOn {
  result: FrameResult;
  /** Undefined: no model has looked at it. */
  model: ModelIdentity | undefined;
}

interface OpenAlert {
  report: EventReport;
  /** What is being written and reported, in order. */
  work: Promise<void>;
  /** How many pictures it had; each has a name of its own, since the one before is removed when it has arrived. */
  pictures: number;
}

/** Alerts of all analytics of one stream that are open at a time. Full: further ones are told to listeners, but are no events. */
const openMax = 512;

/** The alerts of one camera's analytics as its events: a row each, opened with the picture of its moment, updated and ended. */
export class AlertEvents {
  private readonly open = new Map<string, OpenAlert>();
  /** The last reports of alerts that ended; a stop waits for them. */
  private readonly ending = new Set<Promise<void>>();
  /** Streams begin anew within one session. */
  private readonly tag = randomBytes(2).toString('hex');
  private opened = 0;

  constructor(private readonly parts: AlertEventsParts) {}

  /** @param owner the analytic: its name, and what tells it from others of that name */
  take(owner: { name: string; id: string }, change: AlertChange, seenOn: SeenOn | undefined): void {
    const key = `${owner.id}/${change.key}`;
    if (change.kind === 'opened' || change.kind === 'happened') return this.begin(owner.name, key, change, seenOn);
    const alert = this.open.get(key);
    if (!alert) return;
    const { report } = alert;
    report.payload = { ...report.payload, ...this.told(change.details) };
    if (change.kind === 'closed') {
      this.open.delete(key);
      report.ended_at_unix_ms = Math.max(change.endedAtUnixMs, report.started_at_unix_ms);
      return this.finish(alert);
    }
    const isBetter = change.score > report.score;
    report.score = Math.max(change.score, report.score);
    if (isBetter && seenOn) report.payload = { ...report.payload, ...momentOfPicture(seenOn.result) };
    this.report(alert, isBetter ? seenOn : undefined);
  }

  /** Ends what an analytic left open because it failed. */
  endAllOf(owner: { id: string }, endedAtUnixMs: number): void {
    for (const [key, alert] of this.open) {
      if (!key.startsWith(`${owner.id}/`)) continue;
      this.open.delete(key);
      alert.report.ended_at_unix_ms = Math.max(endedAtUnixMs, alert.report.started_at_unix_ms);
      this.finish(alert);
    }
  }

  /** Waits until everything is with the reporter. */
  async settle(): Promise<void> {
    await Promise.all([...this.ending, ...[...this.open.values()].map(({ work }) => work)]);
  }

  private begin(
    name: string,
    key: string,
    change: Extract<AlertChange, { kind: 'opened' | 'happened' }>,
    seenOn: SeenOn | undefined,
  ): void {
    if (this.open.size >= openMax) {
      this.parts.logger.warn('an alert is no event: too many are open', { analytic: name });
      return;
    }
    const { cameraId, session } = this.parts;
    const report: EventReport = {
      camera_id: cameraId,
      event_type: 'alert',
      label: name,
      score: change.score,
      track_id: `${session}-${name}-${this.tag}${++this.opened}`,
      started_at_unix_ms: change.startedAtUnixMs,
      ended_at_unix_ms: change.kind === 'happened' ? change.startedAtUnixMs : null,
      frame_file: null,
      payload: { analytic: name, ...whereAndWhen(change, seenOn), ...this.told(change.details) },
    };
    const alert = { report, work: Promise.resolve(), pictures: 0 };
    if (change.kind === 'opened') this.open.set(key, alert);
    this.report(alert, seenOn);
    if (change.kind === 'happened') this.await(alert);
  }

  private finish(alert: OpenAlert): void {
    this.report(alert, undefined);
    this.await(alert);
  }

  private await({ work }: OpenAlert): void {
    this.ending.add(work);
    void work.finally(() => this.ending.delete(work));
  }

  /** The picture is written first, and later reports of the same alert wait for it. */
  private report(alert: OpenAlert, seenOn: SeenOn | undefined): void {
    const { frames, reporter, logger } = this.parts;
    const report = { ...alert.report };
    const write = async () => {
      if (!seenOn) return null;
      const number = ++alert.pictures;
      return frames
        .writeEvent({ trackId: number === 1 ? report.track_id : `${report.track_id}.${number}`, picture: seenOn.result.frame.picture })
        .catch((error: unknown) => {
          logger.error('the picture of an event was not written', { error });
          return null;
        });
    };
    alert.work = alert.work.then(write).then((file) =>
      reporter.report({ ...report, frame_file: file }, () => {
        if (file !== null)
          frames.removeEvent(file).catch((error: unknown) => logger.warn('the picture of an event was not removed', { error }));
      }),
    );
  }

  /** The track of an alert is told by the name that its own event has. */
  private told({ track, ...details }: Record<string, unknown>): Record<string, unknown> {
    return typeof track === 'number' ? { ...details, track_id: `${this.parts.session}-${track}` } : details;
  }
}

/** Of the picture that takes the place of the former. */
function momentOfPicture(result: FrameResult): Record<string, unknown> {
  return { frame_ts_ms: result.frame.capturedAtMs, ...pictureOrigin(result) };
}

function whereAndWhen(change: Extract<AlertChange, { kind: 'opened' | 'happened' }>, seenOn: SeenOn | undefined): Record<string, unknown> {
  if (!seenOn) return {};
  const { result, model } = seenOn;
  const common = { frame: result.picture, frame_ts_ms: result.frame.capturedAtMs, ...pictureOrigin(result), ...(model && { model }) };
  if (!change.box) return common;
  const { x1, y1, x2, y2 } = normaliseBox(change.box, { width: result.picture.w, height: result.picture.h });
  return { ...common, bbox: { x: x1, y: y1, w: x2 - x1, h: y2 - y1 } };
}
