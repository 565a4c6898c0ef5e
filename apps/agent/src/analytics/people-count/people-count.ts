import { boxCentre, type BoxXyxy } from '@nightjar/geometry';
import {
  timeOffset,
  type AlertChange,
  type Analytic,
  type AnalyticContext,
  type AnalyticMachine,
  type AnalyticMessage,
  type AnalyticOutput,
} from '../analytic.js';
import { momentOf, type FrameMoment, type FrameResult } from '../frame-result.js';
import { Crowd, type CrowdEvent } from './crowd.js';
import { isInRegion, regionMisfit } from '../picture-region.js';
import { PeopleCountParameters } from './parameters.js';

/** After so long without a frame nobody can say that the crowd is still there. */
const blindMs = 30_000;

interface Estimation {
  people_count: number;
  people_coordinates: [number, number][];
  time_offset: number;
}

/** How many people there are, and events of more than so many. */
export const peopleCount: Analytic<PeopleCountParameters> = {
  name: 'people_count',
  version: '0.3.1',
  description: 'Counts the people on the picture, and tells when there are more than a threshold.',
  documentation: [
    'Counts all people of the picture, or of a region, at a rate of your choice.',
    'An event (`crowd`) opens when `probe_count` counts in a row are above `people_count_threshold`, and closes when as many in a row are not.',
    'Each live message has `frame_estimations` and `events`; callbacks get the events.',
    'The `people_count` of an event that is told as it ends is the most there were, also for filters; its overview is of the frame that ended it.',
  ].join('\n\n'),
  schema: PeopleCountParameters,
  misfitOn: ({ parameters: { droi, roi } }, { frame: { picture } }) =>
    regionMisfit('roi', roi, picture) ?? regionMisfit('droi', droi, picture),
  create: (parameters, context) => new PeopleCount(parameters, context),
};

class PeopleCount implements AnalyticMachine<PeopleCountParameters> {
  private readonly crowd = new Crowd();
  /** Names the crossing of the threshold in all its messages. */
  private crowdId = '';
  /** Whether the crossing that goes on is an event of the camera. */
  private isAlertOpen = false;
  private frames = 0;
  /** The last frame, counted or not. */
  private seenAtMs = Number.NEGATIVE_INFINITY;
  private sampledAtMs = Number.NEGATIVE_INFINITY;
  private toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private given: PeopleCountParameters,
    private readonly context: AnalyticContext,
  ) {}

  reconfigure(parameters: PeopleCountParameters): void {
    this.given = parameters;
  }

  update(frame: FrameResult): AnalyticOutput {
    this.seenAtMs = frame.frame.monotonicMs;
    if (!this.isDue(frame)) return {};
    const { parameters, targets } = this.given;
    const moment = momentOf(frame);
    this.sampledAtMs = moment.monotonicMs;
    const estimation = this.estimate(frame);
    const { people_count: count, people_coordinates, time_offset } = estimation;
    const change = this.crowd.take({ ...moment, count, isCrowd: this.isCrowd(count) }, parameters.probe_count);
    if (change?.change === 'opened') this.crowdId = this.context.newId();
    const results = targets.includes('coordinates')
      ? { people_count: count, people_coordinates, time_offset }
      : { people_count: count, time_offset };
    return {
      results: { frame_estimations: [results] },
      alerts: change ? this.alertsOf(change.change, change.event) : [],
      messages: this.messagesOf(change, moment, estimation),
    };
  }

  tick({ monotonicMs }: FrameMoment): AnalyticOutput {
    return monotonicMs - this.seenAtMs > blindMs ? this.end() : {};
  }

  close(): AnalyticOutput {
    return this.end();
  }

  private end(): AnalyticOutput {
    const event = this.crowd.end();
    if (!event) return {};
    const isTold = this.given.parameters.event_policy?.trigger === 'end';
    return { alerts: this.alertsOf('closed', event), messages: isTold ? [this.messageOf(event, event.countMax, undefined)] : [] };
  }

  private isDue(frame: FrameResult): boolean {
    const { unit, period } = this.given.parameters.rate;
    if (unit === 'second') return frame.frame.monotonicMs - this.sampledAtMs >= period * 1_000;
    return this.frames++ % Math.max(1, Math.round(period)) === 0;
  }

  private estimate(frame: FrameResult): Estimation {
    const { roi, droi } = this.given.parameters;
    const scale = { x: frame.frame.picture.width / frame.picture.w, y: frame.frame.picture.height / frame.picture.h };
    const people_coordinates = frame.found
      .map(({ box }) => pixelCentre(box, scale))
      .filter((point) => [roi, droi].every((region) => isInRegion(point, region, frame.frame.picture)));
    return { people_count: people_coordinates.length, people_coordinates, time_offset: timeOffset(frame, this.context) };
  }

  private isCrowd(count: number): boolean {
    const { people_count__gte: least, people_count__lte: most, people_count_threshold: threshold } = this.given.parameters;
    if (least === undefined && most === undefined) return count > threshold;
    return count >= (least ?? 0) && count <= (most ?? Number.POSITIVE_INFINITY);
  }

  private messagesOf(change: ReturnType<Crowd['take']>, moment: FrameMoment, estimation: Estimation): AnalyticMessage[] {
    const { event_policy: policy } = this.given.parameters;
    const event = change?.event ?? this.crowd.open;
    if (!policy || !event) return [];
    if (policy.trigger === 'start') return change?.change === 'opened' ? [this.messageOf(event, estimation.people_count, estimation)] : [];
    // The last count is the one that was no crowd: of what is over the most there were is told, and filters look at that.
    if (policy.trigger === 'end') return change?.change === 'closed' ? [this.messageOf(event, event.countMax, estimation)] : [];
    if (change?.change === 'opened') this.toldAtMs = event.startedMonotonicMs;
    if (!this.crowd.open || moment.monotonicMs - this.toldAtMs < policy.interval * 1_000) return [];
    this.toldAtMs = moment.monotonicMs;
    return [this.messageOf(event, estimation.people_count, estimation)];
  }

  private messageOf(event: CrowdEvent, count: number, estimation: Estimation | undefined): AnalyticMessage {
    const hasOverview = this.given.targets.includes('overview') && estimation !== undefined;
    return {
      eventType: 'crowd',
      createdAtUnixMs: event.startedAtUnixMs,
      endedAtUnixMs: event.lastSeenAtUnixMs,
      count,
      event: {
        track_id: this.crowdId,
        people_count: count,
        ...(hasOverview && { overview: { people_coordinates: estimation.people_coordinates, time_offset: estimation.time_offset } }),
      },
      image: hasOverview ? this.given.parameters.image_retain_policy : undefined,
    };
  }

  /** An event of the camera for every crossing, unless nobody asked for events. One that was opened is closed whatever is asked now. */
  private alertsOf(kind: 'opened' | 'closed', event: CrowdEvent): AlertChange[] {
    if (kind === 'opened') this.isAlertOpen = this.given.parameters.event_policy !== null;
    if (!this.isAlertOpen) return [];
    const details = { crowd_id: this.crowdId, people_count: event.countMax };
    if (kind === 'opened') return [{ kind, key: this.crowdId, startedAtUnixMs: event.startedAtUnixMs, score: 1, details }];
    this.isAlertOpen = false;
    return [{ kind, key: this.crowdId, endedAtUnixMs: event.lastSeenAtUnixMs, details }];
  }
}

function pixelCentre(box: BoxXyxy, scale: { x: number; y: number }): [number, number] {
  const { x, y } = boxCentre(box);
  return [Math.round(x * scale.x), Math.round(y * scale.y)];
}
