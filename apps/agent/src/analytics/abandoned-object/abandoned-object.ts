import { boxCentre, iou, normaliseBox, scaleBox, type BoxXyxy } from '@nightjar/geometry';
import { z } from 'zod';
import {
  timeOffset,
  type AlertChange,
  type Analytic,
  type AnalyticContext,
  type AnalyticMachine,
  type AnalyticOutput,
} from '../analytic.js';
import { alertParameters } from '../callback-parameters.js';
import { momentOf, type FrameMoment, type FrameResult, type TrackedObject } from '../frame-result.js';
import { AnchorParameter, isInZone, LabelsParameter, zoneMisfit, ZoneParameter } from '../zone-parameters.js';

const AbandonedObjectParameters = alertParameters(
  z
    .strictObject({
      zone: ZoneParameter,
      anchor: AnchorParameter,
      labels: LabelsParameter.default(['backpack', 'handbag', 'suitcase']),
      unattended_seconds: z.number().min(1).max(86_400).default(60).describe('Alone and in its place for so long, it is abandoned'),
      owner_distance: z
        .number()
        .min(0)
        .max(20)
        .default(1.5)
        .describe(
          "Whoever is nearer than this many of their own heights is with it, from the object's centre to the nearest point of their box",
        ),
      gone_seconds: z.number().min(1).max(600).default(10).describe('Out of sight for so long, it is gone'),
    })
    .prefault({}),
);
type AbandonedObjectParameters = z.infer<typeof AbandonedObjectParameters>;

/** An object that stands somewhere, whatever tracks it had. */
interface StandingObject {
  key: string;
  label: string;
  /** As shares of the picture, whose size may change meanwhile. */
  place: BoxXyxy;
  bestScore: number;
  /** Since when it stands there. */
  placed: FrameMoment;
  lastSeen: FrameMoment;
  /** When somebody was last with it; its arrival counts, somebody brought it. */
  lastAttended: FrameMoment;
  isAlerted: boolean;
}

/** A box that still covers this much of where it stood has not moved. */
const samePlaceIou = 0.5;
const objectsMax = 256;

/** A thing that nobody looks after. */
export const abandonedObject: Analytic<AbandonedObjectParameters> = {
  name: 'abandoned_object',
  version: '1.0.0',
  description: 'Tells of bags and the like that stand somewhere with nobody near.',
  documentation: [
    'An object is known by its label and its place, so somebody who walks past and hides it for a moment does not begin the wait anew.',
    'The wait counts from when somebody was last near. The event ends when the object is gone or moved, or somebody is with it again.',
  ].join('\n\n'),
  schema: AbandonedObjectParameters,
  labelsOf: ({ parameters }) => parameters.labels,
  misfitOn: ({ parameters }, frame) => zoneMisfit(parameters.zone, frame),
  create: (parameters, context) => new AbandonedObject(parameters, context),
};

class AbandonedObject implements AnalyticMachine<AbandonedObjectParameters> {
  private objects: StandingObject[] = [];
  private made = 0;

  constructor(
    private given: AbandonedObjectParameters,
    private readonly context: AnalyticContext,
  ) {}

  reconfigure(parameters: AbandonedObjectParameters): void {
    this.given = parameters;
  }

  update(frame: FrameResult): AnalyticOutput {
    const { anchor, labels, unattended_seconds, zone } = this.given.parameters;
    const moment = momentOf(frame);
    const persons = frame.tracks.filter(({ label }) => label === 'person');
    const alerts: AlertChange[] = [];
    for (const track of frame.tracks.filter(({ label, box }) => labels.includes(label) && isInZone(box, zone, anchor, frame))) {
      const place = placeOf(track, frame);
      const object = this.find(track.label, place) ?? this.place({ ...track, place }, moment);
      if (!object) continue;
      object.lastSeen = moment;
      object.bestScore = Math.max(object.bestScore, track.score);
      if (persons.some((person) => this.isWith(person, scaleBox(object.place, frame.picture.w, frame.picture.h))))
        object.lastAttended = moment;
    }
    for (const object of this.objects) {
      const isAlone = moment.monotonicMs - object.lastAttended.monotonicMs >= unattended_seconds * 1_000;
      if (isAlone && !object.isAlerted && object.lastSeen === moment) alerts.push(this.opened(object, frame));
      if (object.isAlerted && object.lastAttended === moment) {
        object.isAlerted = false;
        alerts.push(this.closed(object, moment));
      }
    }
    alerts.push(...this.forget(moment));
    const estimations = this.objects.map((object) => ({
      label: object.label,
      unattended_seconds: Math.round(moment.monotonicMs - object.lastAttended.monotonicMs) / 1_000,
      abandoned: object.isAlerted,
    }));
    return { results: { frame_estimations: [{ objects: estimations, time_offset: timeOffset(frame, this.context) }] }, alerts };
  }

  tick(moment: FrameMoment): AnalyticOutput {
    return { alerts: this.forget(moment) };
  }

  close(): AnalyticOutput {
    const open = this.objects.filter(({ isAlerted }) => isAlerted);
    this.objects = [];
    return { alerts: open.map((object) => this.closed(object, object.lastSeen)) };
  }

  private find(label: string, place: BoxXyxy): StandingObject | undefined {
    const there = this.objects.filter((object) => object.label === label && iou(object.place, place) >= samePlaceIou);
    return there.sort((a, b) => iou(b.place, place) - iou(a.place, place))[0];
  }

  /** Full: a further object waits until one is gone. */
  private place(
    { label, place, score }: Pick<StandingObject, 'label' | 'place'> & { score: number },
    moment: FrameMoment,
  ): StandingObject | undefined {
    if (this.objects.length >= objectsMax) return undefined;
    const common = { placed: moment, lastSeen: moment, lastAttended: moment };
    const object: StandingObject = { key: String(++this.made), label, place, bestScore: score, isAlerted: false, ...common };
    this.objects.push(object);
    return object;
  }

  private isWith({ box }: TrackedObject, objectBox: BoxXyxy): boolean {
    const { x, y } = boxCentre(objectBox);
    const beside = Math.max(box.x1 - x, 0, x - box.x2);
    const above = Math.max(box.y1 - y, 0, y - box.y2);
    return Math.hypot(beside, above) <= this.given.parameters.owner_distance * (box.y2 - box.y1);
  }

  private forget({ monotonicMs }: FrameMoment): AlertChange[] {
    const isGone = ({ lastSeen }: StandingObject) => monotonicMs - lastSeen.monotonicMs > this.given.parameters.gone_seconds * 1_000;
    const gone = this.objects.filter(isGone);
    if (gone.length > 0) this.objects = this.objects.filter((object) => !isGone(object));
    return gone.filter(({ isAlerted }) => isAlerted).map((object) => this.closed(object, object.lastSeen));
  }

  private opened(object: StandingObject, { picture }: FrameResult): AlertChange {
    object.isAlerted = true;
    const { bestScore: score, lastAttended, place } = object;
    const box = scaleBox(place, picture.w, picture.h);
    return { kind: 'opened', key: object.key, startedAtUnixMs: lastAttended.unixMs, score, box, details: this.describe(object) };
  }

  private closed(object: StandingObject, { unixMs }: FrameMoment): AlertChange {
    return { kind: 'closed', key: object.key, endedAtUnixMs: unixMs, details: this.describe(object) };
  }

  private describe({ label, placed, lastAttended }: StandingObject): Record<string, unknown> {
    const since = (moment: FrameMoment) => new Date(Math.round(moment.unixMs)).toISOString();
    return { zone: this.given.parameters.zone.name, label, placed_at: since(placed), alone_since: since(lastAttended) };
  }
}

function placeOf({ box }: TrackedObject, { picture }: FrameResult): BoxXyxy {
  return normaliseBox(box, { width: picture.w, height: picture.h });
}
