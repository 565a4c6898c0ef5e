import type { AssignedStream, StreamAnalytic } from '@nightjar/contracts';
import { toAppError, type Clock, type Logger } from '@nightjar/runtime';
import { z } from 'zod';
import type { AlertEvents, SeenOn } from './alert-events.js';
import type { Analytic, AnalyticContext, AnalyticMachine, AnalyticOutput, AnalyticParameters } from './analytic.js';
import { alertMessages, type OpenAlertIds } from './alert-messages.js';
import type { FrameMoment } from './frame-result.js';
import { momentOf } from './frame-result.js';
import type { FaceLooks } from './human-tracking/face-looks.js';
import type { MessageRoads } from './message-roads.js';
import { plainPeopleCount } from './people-count/parameters.js';

/** Lists of results by analytic, as listeners get them. */
export type AnalyticsResults = Record<string, Record<string, unknown[]>>;

interface RunningAnalytic {
  /** Tells two of one name apart: `intrusion`, `intrusion#2`. */
  id: string;
  analytic: Analytic;
  /** What the user said, to see whether he says something else now. */
  given: string;
  parameters: AnalyticParameters;
  machine: AnalyticMachine<AnalyticParameters>;
  openAlerts: OpenAlertIds;
}

export interface AnalyticsRunnerParts {
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
 * takes effect on the next frame, and only for the analytic that he changed.
 */
export class AnalyticsRunner {
  private running: RunningAnalytic[] = [];
  /** Why some do not run, by id. */
  private readonly problems = new Map<string, string>();

  constructor(private readonly parts: AnalyticsRunnerParts) {}

  /** In words for the user; null when all run. */
  get problem(): string | null {
    return this.problems.size === 0 ? null : [...this.problems].map(([id, reason]) => `${id}: ${reason}`).join('; ');
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
    const before = new Map(this.running.map((running) => [running.id, running]));
    const results: AnalyticsResults = {};
    this.problems.clear();
    this.running = named(asked.length > 0 ? asked : [{ analytic_name: 'people_count', parameters: plainPeopleCount }]).flatMap((wanted) => {
      const known = before.get(wanted.id);
      // A failed one is begun anew when a user changes something, whatever it is.
      const running = this.begin(wanted, known);
      if (running) before.delete(wanted.id);
      return running ? [running] : [];
    });
    for (const ended of before.values()) this.end(ended, results);
    return results;
  }

  /** Takes one analysed frame. @returns what its listeners are told */
  update(seenOn: SeenOn): AnalyticsResults {
    return this.callAll((machine) => machine.update(seenOn.result), momentOf(seenOn.result), seenOn);
  }

  /** Lets time pass while no frame is analysed. @returns what listeners are told, mostly nothing */
  tick(): AnalyticsResults {
    const moment = this.now();
    return this.callAll((machine) => machine.tick(moment), moment, undefined);
  }

  /** Ends everything. Afterwards all events are with the reporter. */
  async close(): Promise<AnalyticsResults> {
    const results: AnalyticsResults = {};
    for (const running of this.running) this.end(running, results);
    this.running = [];
    await Promise.all([this.parts.events?.settle(), this.parts.roads.settle(), this.parts.faces.stop()]);
    return results;
  }

  private begin({ id, asked }: NamedAnalytic, known: RunningAnalytic | undefined): RunningAnalytic | undefined {
    const given = JSON.stringify(asked.parameters);
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

  private callAll(
    call: (machine: RunningAnalytic['machine']) => AnalyticOutput,
    moment: FrameMoment,
    seenOn: SeenOn | undefined,
  ): AnalyticsResults {
    const results: AnalyticsResults = {};
    for (const running of [...this.running]) {
      try {
        this.tell(running, { output: call(running.machine), moment, seenOn }, results);
      } catch (thrown) {
        this.parts.logger.error('an analytic failed and is stopped', { analytic: running.id, error: toAppError(thrown) });
        this.problems.set(running.id, 'it failed and was stopped');
        this.running = this.running.filter((other) => other !== running);
        this.parts.events?.endAllOf(running, moment.unixMs);
      }
    }
    return results;
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

interface NamedAnalytic {
  id: string;
  asked: StreamAnalytic;
}

function named(asked: readonly StreamAnalytic[]): NamedAnalytic[] {
  const seen = new Map<string, number>();
  return asked.map((one) => {
    const number = (seen.get(one.analytic_name) ?? 0) + 1;
    seen.set(one.analytic_name, number);
    return { id: number === 1 ? one.analytic_name : `${one.analytic_name}#${number}`, asked: one };
  });
}
