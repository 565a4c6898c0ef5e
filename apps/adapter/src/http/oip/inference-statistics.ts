import type { Clock } from '@nightjar/runtime';
import type { TaskOutcome, TaskSuccess } from '../../tasks/task-runner.js';
import { adapterIdentity } from '../adapter-identity.js';
import type { InferenceTimesMs } from './served-model.js';

interface Durations {
  count: number;
  ms: number;
}

type Measured = 'success' | 'fail' | 'queue' | 'compute_input' | 'compute_infer' | 'compute_output';

interface ModelStatistics {
  lastInferenceMs: number;
  inferences: number;
  executions: number;
  readonly durations: Record<Measured, Durations>;
}

const nanosecondsPerMillisecond = 1_000_000;
const none = { count: 0, ns: 0 };

/** How often each model was asked and where the time went, since the start. Bounded by the models that are served. */
export class InferenceStatistics {
  private readonly models = new Map<string, ModelStatistics>();

  constructor(private readonly clock: Clock) {}

  /** @param totalMs receipt to answer */
  recordSuccess(model: NamedVersion, { totalMs, timesMs, runs }: { totalMs: number; timesMs: InferenceTimesMs; runs: number }): void {
    const statistics = this.of(model);
    statistics.lastInferenceMs = this.clock.wallMs();
    statistics.inferences += runs;
    statistics.executions += runs;
    add(statistics, 'success', totalMs);
    add(statistics, 'queue', timesMs.queue);
    add(statistics, 'compute_input', timesMs.input);
    add(statistics, 'compute_infer', timesMs.infer);
    add(statistics, 'compute_output', timesMs.output);
  }

  recordFailure(model: NamedVersion, totalMs: number): void {
    const statistics = this.of(model);
    statistics.lastInferenceMs = this.clock.wallMs();
    add(statistics, 'fail', totalMs);
  }

  /** A task that another surface ran. */
  recordTask(outcome: TaskOutcome, totalMs: number): void {
    const model = { name: outcome.task.name, version: adapterIdentity.version };
    if (outcome.ok) this.recordSuccess(model, { totalMs, timesMs: taskTimes([outcome]), runs: 1 });
    else this.recordFailure(model, totalMs);
  }

  /** As the statistics extension has it: one entry for each of these models. */
  read(models: readonly NamedVersion[]): object {
    return { model_stats: models.map((model) => render(model, this.models.get(keyOf(model)) ?? empty())) };
  }

  /** Forgets models that are not served any more. */
  keepOnly(served: readonly NamedVersion[]): void {
    const keys = new Set(served.map(keyOf));
    for (const key of this.models.keys()) {
      if (!keys.has(key)) this.models.delete(key);
    }
  }

  private of(model: NamedVersion): ModelStatistics {
    const key = keyOf(model);
    const statistics = this.models.get(key) ?? empty();
    this.models.set(key, statistics);
    return statistics;
  }
}

/** Where the time of a task's runs went. */
export function taskTimes(outcomes: readonly TaskSuccess[]): InferenceTimesMs {
  const sum = (read: (outcome: TaskSuccess) => number) => outcomes.reduce((total, outcome) => total + read(outcome), 0);
  const input = sum(({ timingsMs }) => timingsMs.decode);
  const infer = sum(({ timingsMs }) => timingsMs.infer);
  return { queue: sum(({ waitedMs }) => waitedMs), input, infer, output: sum(({ timingsMs }) => timingsMs.total) - input - infer };
}

interface NamedVersion {
  readonly name: string;
  readonly version: string;
}

function keyOf({ name, version }: NamedVersion): string {
  return JSON.stringify([name, version]);
}

function empty(): ModelStatistics {
  const zero = (): Durations => ({ count: 0, ms: 0 });
  return {
    lastInferenceMs: 0,
    inferences: 0,
    executions: 0,
    durations: {
      success: zero(),
      fail: zero(),
      queue: zero(),
      compute_input: zero(),
      compute_infer: zero(),
      compute_output: zero(),
    },
  };
}

function add({ durations }: ModelStatistics, measured: Measured, ms: number): void {
  durations[measured].count++;
  durations[measured].ms += Math.max(0, ms);
}

function render({ name, version }: NamedVersion, { lastInferenceMs, inferences, executions, durations }: ModelStatistics): object {
  const shown = Object.fromEntries(
    Object.entries(durations).map(([measured, { count, ms }]) => [measured, { count, ns: Math.round(ms * nanosecondsPerMillisecond) }]),
  );
  const { compute_input, compute_infer, compute_output } = shown;
  return {
    name,
    version,
    last_inference: Math.round(lastInferenceMs),
    inference_count: inferences,
    execution_count: executions,
    // Answers are not cached.
    inference_stats: { ...shown, cache_hit: none, cache_miss: none },
    batch_stats: executions === 0 ? [] : [{ batch_size: 1, compute_input, compute_infer, compute_output }],
  };
}
