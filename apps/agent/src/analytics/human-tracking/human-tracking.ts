import { z } from 'zod';
import {
  timeOffset,
  type Analytic,
  type AnalyticContext,
  type AnalyticMachine,
  type AnalyticMessage,
  type AnalyticOutput,
  type FaceLook,
  type FaceSeen,
} from '../analytic.js';
import { Callbacks, ImageRetainPolicy } from '../callback-parameters.js';
import { momentOf, type FrameMoment, type FrameResult, type TrackedObject } from '../frame-result.js';
import { PersonPresence, type PresenceChange } from '../person-presence.js';

/** Targets that are asked for everywhere, and need models that there are none of here: they are taken, and give nothing. */
const targetsWithoutResults = ['head_pose', 'ags', 'aggregated_face_samples', 'aggregated_body_samples'] as const;

/** Parameters of later versions are passed over. */
const HumanTrackingParameters = z.object({
  targets: z
    .array(z.enum(['face_detection', 'body_detection', 'overview', ...targetsWithoutResults]))
    .max(8)
    .default(['face_detection'])
    .describe(
      'face_detection: the best face of each person; body_detection: the box of the body; overview: a picture with each event; the others are taken and give nothing',
    ),
  callbacks: Callbacks,
  parameters: z
    .object({
      probe_count: z.number().int().min(1).max(1_000).default(2).describe('Frames after which a track is a person'),
      gone_seconds: z.number().min(5).max(600).default(5).describe('Out of sight for so long, a person has left'),
      event_policy: z
        .object({ trigger: z.enum(['start', 'end']).default('end') })
        .nullable()
        .prefault({})
        .describe('When a person is told of: as they come, or with their best shot when they have left; null: never'),
      image_retain_policy: ImageRetainPolicy.prefault({}),
    })
    .prefault({}),
});
type HumanTrackingParameters = z.infer<typeof HumanTrackingParameters>;

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Human {
  id: string;
  face: Record<string, unknown> | null;
  faceScore: number;
  body: { detection: { rect: Rect; score: number } };
  bestBody: Human['body'];
  begunAtOffset: number;
}

/** Who is there, one after the other: tracks with their best shots. */
export const humanTracking: Analytic<HumanTrackingParameters> = {
  name: 'human_tracking',
  version: '0.3.1',
  description: 'Follows persons, and tells of each with the best shot of face and body.',
  documentation: [
    'Each live message has `tracks`: the persons of the frame, with the best face that was seen of each so far.',
    'Faces are looked for on the pictures that show a person better than any before, one person at a time.',
    `Targets that are taken, since clients ask for them, and give no results, since there are no models for them: ${targetsWithoutResults.join(', ')}.`,
  ].join('\n\n'),
  schema: HumanTrackingParameters,
  create: (parameters, context) => new HumanTracking(parameters, context),
};

class HumanTracking implements AnalyticMachine<HumanTrackingParameters> {
  private presence: PersonPresence;
  /** By track; those that the presence forgot are removed. */
  private readonly humans = new Map<number, Human>();

  constructor(
    private given: HumanTrackingParameters,
    private readonly context: AnalyticContext,
  ) {
    this.presence = this.newPresence();
  }

  /** What a person is may have changed: those who are there are new ones then. */
  reconfigure(parameters: HumanTrackingParameters): void {
    const { probe_count, gone_seconds } = this.given.parameters;
    this.given = parameters;
    if (probe_count === parameters.parameters.probe_count && gone_seconds === parameters.parameters.gone_seconds) return;
    this.presence = this.newPresence();
    this.humans.clear();
  }

  update(frame: FrameResult): AnalyticOutput {
    const moment = momentOf(frame);
    const persons = frame.tracks.filter(({ label }) => label === 'person');
    const changes = this.presence.update(persons, moment);
    for (const change of changes) if (change.kind === 'opened') this.begin(change.trackId, frame);
    const time_offset = timeOffset(frame, this.context);
    const tracks = persons.flatMap((person) => {
      const human = this.humans.get(person.trackId);
      if (!human) return [];
      this.see(human, person, frame);
      return [{ track_id: human.id, ...this.shotOf(human, human.body), time_offset }];
    });
    return { results: { tracks }, messages: this.messagesOf(changes, frame), looks: this.looks(persons) };
  }

  /** A face was found on a picture that was asked for. */
  seen(key: string, { rect, score, attributes }: FaceSeen): void {
    const human = this.humans.get(Number(key));
    if (!human || score <= human.faceScore) return;
    human.faceScore = score;
    human.face = { detection: { rect, score }, ...(attributes && { attributes }) };
  }

  tick(moment: FrameMoment): AnalyticOutput {
    return { messages: this.messagesOf(this.presence.update([], moment), undefined) };
  }

  close(): AnalyticOutput {
    return { messages: this.messagesOf(this.presence.closeAll(), undefined) };
  }

  private newPresence(): PersonPresence {
    const { probe_count, gone_seconds } = this.given.parameters;
    return new PersonPresence({ confirmHits: probe_count, goneMs: gone_seconds * 1_000 });
  }

  private begin(trackId: number, frame: FrameResult): void {
    const person = frame.tracks.find((track) => track.trackId === trackId);
    if (!person) return;
    const body = bodyOf(person, frame);
    const begunAtOffset = timeOffset(frame, this.context);
    this.humans.set(trackId, { id: this.context.newId(), face: null, faceScore: 0, body, bestBody: body, begunAtOffset });
  }

  private see(human: Human, person: TrackedObject, frame: FrameResult): void {
    human.body = bodyOf(person, frame);
    if (person.best) human.bestBody = human.body;
  }

  /** Whom it pays to look at: who is shown better than before, or whose face was never seen. */
  private looks(persons: readonly TrackedObject[]): FaceLook[] {
    if (!this.given.targets.includes('face_detection')) return [];
    const known = persons.filter(({ trackId, best }) => this.humans.has(trackId) && (best || this.humans.get(trackId)?.face === null));
    return known.map(({ trackId, box }) => ({ key: String(trackId), box }));
  }

  private messagesOf(changes: readonly PresenceChange[], frame: FrameResult | undefined): AnalyticMessage[] {
    const trigger = this.given.parameters.event_policy?.trigger;
    return changes.flatMap((change) => {
      const human = this.humans.get(change.trackId);
      if (change.kind === 'closed') this.humans.delete(change.trackId);
      const isTold = human && trigger === (change.kind === 'opened' ? 'start' : 'end');
      return isTold ? [this.messageOf(human, change, frame)] : [];
    });
  }

  private messageOf(human: Human, change: PresenceChange, frame: FrameResult | undefined): AnalyticMessage {
    const hasOverview = frame !== undefined && this.given.targets.includes('overview');
    const time_offset = human.begunAtOffset;
    return {
      eventType: 'human_tracking',
      createdAtUnixMs: change.startedAtUnixMs,
      endedAtUnixMs: change.kind === 'closed' ? change.endedAtUnixMs : change.startedAtUnixMs,
      event: { track_id: human.id, ...this.shotOf(human, human.bestBody), ...(hasOverview && { overview: { time_offset } }) },
      image: hasOverview ? this.given.parameters.image_retain_policy : undefined,
    };
  }

  private shotOf({ face }: Human, body: Human['body']): { face: Human['face']; body: Human['body'] | null } {
    return { face, body: this.given.targets.includes('body_detection') ? body : null };
  }
}

/** In pixels of the camera picture. */
function bodyOf({ box, score }: TrackedObject, { frame, picture }: FrameResult): Human['body'] {
  const [scaleX, scaleY] = [frame.picture.width / picture.w, frame.picture.height / picture.h];
  const [x, y] = [Math.round(box.x1 * scaleX), Math.round(box.y1 * scaleY)];
  const rect = { x, y, width: Math.round(box.x2 * scaleX) - x, height: Math.round(box.y2 * scaleY) - y };
  return { detection: { rect, score } };
}
