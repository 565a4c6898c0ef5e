import type { AssignedStream, StreamAnalytic } from '@nightjar/contracts';
import { toAppError, type Clock, type Logger } from '@nightjar/runtime';
import { z } from 'zod';
import type { AlertEvents, SeenOn } from './alert-events.js';
import type { Analytic, AnalyticContext, AnalyticMachine, AnalyticOutput, AnalyticParameters } from './analytic.js';
import { alertMessages, type OpenAlertIds } from './alert-messages.js';
import { momentOf, type FrameMoment, type FrameResult } from './frame-result.js';
import type { FaceLooks } from './human-tracking/face-looks.js';
import type { MessageRoads } from './message-roads.js';
import { plainPeopleCount } from './people-count/parameters.js';

/** Lists of results by analytic, as listeners get them. */
export type AnalyticsResults = Record<string, Record<string, unknown[]>>;

interface RunningAnalytic {
  /** Tells two of one name apart: `intrusion`, `intrusion#2`. */
  id: string;
  analytic: Analytic;
  /** What the user said, to see whether it is something else now. */
  given: string;
  parameters: AnalyticParameters;
  machine: AnalyticMachine<AnalyticParameters>;
  openAlerts: OpenAlertIds;
}

interface AnalyticsRunnerParts {
  /** What this agent can run, by name. */
  analytics: ReadonlyMap<string, Analytic>;
  context: AnalyticContext;
  /** Undefined for a stream that is no camera of ours: it has no events. */
  events: AlertEvents | undefined;
  roads: MessageRoads;
  faces: Pick<FaceLooks, 'take' | 'stop'>;
  clock: Clock;
  logger: Logger;
}

const problemCharsMax = 200;

/**
 * The analytics of one stream. Each runs for itself: one that fails is stopped and told of, the others go on. What a user changes
 * takes effect on the next frame, and only for the analytic that was changed.
 */
export class AnalyticsRunner {
  private running: RunningAnalytic[] = [];
  /** Why some do not run, by id. */
  private readonly problems = new Map<string, string>();
  /** What of those that run lies beyond the newest picture, by id. */
  private readonly misfits = new Map<string, string>();

  constructor(private readonly parts: AnalyticsRunnerParts) {}

  /** In words for the user; null when all run. */
  get problem(): string | null {
    return inWords([...this.problems, ...this.misfits]);
  }

  /** Which callbacks get no events, in words for the user; null when all that were called answered. */
  get callbackProblem(): string | null {
    const { roads } = this.parts;
    return inWords(
      this.running.flatMap(({ id, parameters }) => roads.problemsOf(parameters.callbacks).map((reason) => [id, reason] as const)),
    );
  }

  /** Whether nothing at all runs of what was asked for. */
  get hasFailed(): boolean {
    return this.problems.size > 0 && this.running.length === 0;
  }

  /** Labels that some analytic needs, persons always among them. */
  get labels(): readonly string[] {
    const asked = this.running.flatMap(({ analytic, parameters }) => analytic.labelsOf?.(parameters) ?? []);
    return [...new Set(['person', ...asked])];
  }

  /** The stream got another name, owner or place: callbacks are told the new one. */
  describe(stream: AssignedStream): void {
    this.parts.roads.describe(stream);
  }

  /** Makes what runs equal to what is asked for. A stream without analytics counts people. @returns what those tell that end */
  configure(asked: readonly StreamAnalytic[]): AnalyticsResults {
    const before = this.running;
    const results: AnalyticsResults = {};
    this.problems.clear();
    this.misfits.clear();
    const wanted = asked.length > 0 ? asked : [{ analytic_name: 'people_count', parameters: plainPeopleCount }];
    // A failed one is begun anew when a user changes something, whatever it is.
    this.running = recognised(wanted, before).flatMap((one) => this.begin(one) ?? []);
    for (const known of before) if (!this.running.includes(known)) this.end(known, results);
    return results;
  }

  /** Takes one analysed frame. @returns what its listeners are told */
  update(seenOn: SeenOn): AnalyticsResults {
    return this.callAll(() => seenOn);
  }

  /**
   * Lets time pass while no frame is analysed.
   * @param unanswered a frame that no adapter looked at, for those that need none
   * @returns what listeners are told, mostly nothing
   */
  tick(unanswered?: FrameResult): AnalyticsResults {
    const seenOn = unanswered && { result: unanswered, model: undefined };
    return this.callAll(({ analytic }) => (analytic.needsMotionOnly ? seenOn : undefined));
  }

  /** Ends everything. Afterwards all events are with the reporter. */
  async close(): Promise<AnalyticsResults> {
    const results: AnalyticsResults = {};
    for (const running of this.running) this.end(running, results);
    this.running = [];
    await Promise.all([this.parts.events?.settle(), this.parts.roads.settle(), this.parts.faces.stop()]);
    return results;
  }

  private begin({ id, asked, given, known }: RecognisedAnalytic): RunningAnalytic | undefined {
    if (known?.given === given) return known;
    const analytic = this.parts.analytics.get(asked.analytic_name);
    if (!analytic) return this.refuse(id, 'this agent does not know this analytic');
    const { data: parameters, error } = analytic.schema.safeParse(asked.parameters);
    if (error) return this.refuse(id, z.prettifyError(error));
    try {
      if (!known)
        return { id, analytic, given, parameters, machine: analytic.create(parameters, this.parts.context), openAlerts: new Map() };
      known.machine.reconfigure(parameters);
      return Object.assign(known, { given, parameters });
    } catch (thrown) {
      this.parts.logger.error('an analytic did not start', { analytic: id, error: toAppError(thrown) });
      return this.refuse(id, 'it did not start');
    }
  }

  private refuse(id: string, reason: string): undefined {
    this.parts.logger.warn('an analytic does not run', { analytic: id, reason });
    this.problems.set(id, reason.replaceAll(/\s+/g, ' ').slice(0, problemCharsMax));
  }

  /** @param seenBy the frame that an analytic gets; undefined: only time passes for it */
  private callAll(seenBy: (running: RunningAnalytic) => SeenOn | undefined): AnalyticsResults {
    const results: AnalyticsResults = {};
    const now = this.now();
    for (const running of [...this.running]) {
      const seenOn = seenBy(running);
      const moment = seenOn ? momentOf(seenOn.result) : now;
      if (seenOn) this.noteMisfit(running, seenOn.result);
      try {
        const output = seenOn ? running.machine.update(seenOn.result) : running.machine.tick(now);
        this.tell(running, { output, moment, seenOn }, results);
      } catch (thrown) {
        this.parts.logger.error('an analytic failed and is stopped', { analytic: running.id, error: toAppError(thrown) });
        this.problems.set(running.id, 'it failed and was stopped');
        this.running = this.running.filter((other) => other !== running);
        this.parts.events?.endAllOf(running, moment.unixMs);
      }
    }
    return results;
  }

  /** The analysed picture is not always of the same size: what fits today may not tomorrow. */
  private noteMisfit({ analytic, id, parameters }: RunningAnalytic, result: FrameResult): void {
    const reason = analytic.misfitOn?.(parameters, result) ?? null;
    if (reason === (this.misfits.get(id) ?? null)) return;
    if (reason === null) this.misfits.delete(id);
    else this.misfits.set(id, reason);
    if (reason !== null) this.parts.logger.warn('an analytic looks where there is no picture', { analytic: id, reason });
  }

  private end(running: RunningAnalytic, results: AnalyticsResults): void {
    const moment = this.now();
    try {
      this.tell(running, { output: running.machine.close(moment), moment, seenOn: undefined }, results);
    } catch (thrown) {
      this.parts.logger.error('an analytic failed at its end', { analytic: running.id, error: toAppError(thrown) });
    }
    this.parts.events?.endAllOf(running, moment.unixMs);
  }

  /** Events to the camera and to callbacks, results to listeners. */
  private tell(
    { id, analytic, parameters, openAlerts, machine }: RunningAnalytic,
    { output, moment, seenOn }: { output: AnalyticOutput; moment: FrameMoment; seenOn: SeenOn | undefined },
    results: AnalyticsResults,
  ): void {
    const { events, faces, roads, context } = this.parts;
    const { alerts = [], looks = [] } = output;
    for (const change of alerts) events?.take({ name: analytic.name, id }, change, seenOn);
    if (seenOn && looks.length > 0) faces.take(looks, seenOn, (key, face) => machine.seen?.(key, face));
    const messages = output.messages ?? alertMessages(alerts, { analytic, parameters, openAlerts, moment, seenOn, context });
    const told = messages.flatMap((message) => roads.take(message, { callbacks: parameters.callbacks, seenOn }));
    if (!output.results && told.length === 0) return;
    // Two analytics of one name share their place.
    const place = (results[analytic.name] ??= { events: [] });
    for (const [list, values] of Object.entries({ ...output.results, events: told })) (place[list] ??= []).push(...values);
  }

  private now(): FrameMoment {
    const { clock } = this.parts;
    return { unixMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  }
}

/** @param problems by the id of the analytic */
function inWords(problems: readonly (readonly [id: string, reason: string])[]): string | null {
  return problems.length === 0 ? null : problems.map(([id, reason]) => `${id}: ${reason}`).join('; ');
}

interface RecognisedAnalytic {
  id: string;
  asked: StreamAnalytic;
  given: string;
  /** What runs already and is meant by it. */
  known: RunningAnalytic | undefined;
}

/**
 * Which of those that run each one is that is asked for. Nothing but its words names it: who has the same name and parameters is the
 * same, wherever it stands in the list; what is left are those that were changed, by their order.
 */
function recognised(asked: readonly StreamAnalytic[], running: readonly RunningAnalytic[]): RecognisedAnalytic[] {
  const left = new Set(running);
  const takeFirst = (isIt: (known: RunningAnalytic) => boolean) => {
    const known = [...left].find(isIt);
    if (known) left.delete(known);
    return known;
  };
  const wanted = asked.map((one) => ({ asked: one, name: one.analytic_name, given: JSON.stringify(one.parameters) }));
  const same = wanted.map(({ name, given }) => takeFirst((known) => known.analytic.name === name && known.given === given));
  const found = wanted.map(({ name }, index) => same[index] ?? takeFirst((known) => known.analytic.name === name));
  const ids = new Set(running.map(({ id }) => id));
  return wanted.map(({ asked: one, given, name }, index) => {
    const known = found[index];
    const id = known?.id ?? freeId(name, ids);
    ids.add(id);
    return { id, asked: one, given, known };
  });
}

function freeId(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const id = number === 1 ? name : `${name}#${number}`;
    if (!taken.has(id)) return id;
  }
}
