import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EnginePool } from '../engine/engine-pool.js';
import type { TaskCatalogue } from '../tasks/task-catalogue.js';
import { adapterIdentity } from './adapter-identity.js';
import type { InferOutcome } from './contract/contract-messages.js';
import { defaultDetector } from './default-detector.js';
import type { SystemHardware } from './system-hardware.js';

const latencyBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const bytesPerMegabyte = 1024 ** 2;
/** How often the event loop is looked at. Each look wakes the process: at 10 ms it would take a hundredth of a core for ever. */
const loopResolutionMs = 100;
const loopQuantiles = [0.5, 0.99, 1];

/** One inference that was answered, by whichever surface. */
export interface ObservedInference {
  /** Public task that was asked for; undefined: it was not known yet when the request failed. */
  readonly task: string | undefined;
  readonly outcome: InferOutcome;
  /** Receipt to answer. */
  readonly seconds: number;
}

type Gauged<Label extends string> = readonly { labels: Record<Label, string>; value: number }[];

/**
 * What `/metrics` shows. Surfaces report what they answered; everything else is read when somebody asks. Labels are closed sets:
 * a task is one of those on offer, `other`, or empty.
 */
export class AdapterMetrics {
  /** Open sessions of `/infer/stream`; whoever keeps them sets it. */
  openStreams = 0;
  /** Names that were on offer at some time; to ask for them with every request would cost as much as answering it. */
  private readonly knownTasks = new Set<string>();
  private readonly registry = new Registry();
  private readonly inferences: Counter<'task' | 'outcome'>;
  private readonly latency: Histogram<'task'>;

  constructor(private readonly parts: { pool: EnginePool; catalogue: TaskCatalogue; hardware: SystemHardware }) {
    const registers = [this.registry];
    this.inferences = new Counter({
      name: 'adapter_infer_total',
      help: 'Inferences answered, by task and outcome',
      labelNames: ['task', 'outcome'],
      registers,
    });
    this.latency = new Histogram({
      name: 'adapter_infer_latency_seconds',
      help: 'Receipt to answer of the inferences that went well',
      labelNames: ['task'],
      buckets: latencyBucketsSeconds,
      registers,
    });
    this.addLoadGauges();
    this.addModelGauges();
    this.addEngineGauges();
    this.addMachineGauges();
    this.addEventLoopGauge();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  observe({ task, outcome, seconds }: ObservedInference): void {
    const label = this.taskLabel(task);
    this.inferences.inc({ task: label, outcome });
    if (outcome === 'ok') this.latency.observe({ task: label }, seconds);
  }

  /** Prometheus text format 0.0.4. */
  render(): Promise<string> {
    return this.registry.metrics();
  }

  private taskLabel(task: string | undefined): string {
    if (task === undefined) return '';
    if (!this.knownTasks.has(task)) for (const { name } of this.parts.catalogue.available()) this.knownTasks.add(name);
    return this.knownTasks.has(task) ? task : 'other';
  }

  /** A number that is read at each scrape. */
  private gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** One number for each thing there is at the time of the scrape. */
  private gauges<Label extends string>(
    { name, help, labelNames }: { name: string; help: string; labelNames: readonly Label[] },
    read: () => Gauged<Label> | Promise<Gauged<Label>>,
  ): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      async collect() {
        const now = await read();
        this.reset();
        for (const { labels, value } of now) this.set(labels, value);
      },
    });
  }

  private addLoadGauges(): void {
    const status = () => this.parts.pool.status;
    this.gauge('adapter_stream_connections_active', 'Open sessions of /infer/stream', () => this.openStreams);
    this.gauge('adapter_inflight_requests', 'Requests that engine processes work on or that wait for one', () => {
      const { running, queued } = status();
      return running + queued;
    });
    this.gauge('adapter_queue_depth', 'Requests that wait for an engine process', () => status().queued);
  }

  private addModelGauges(): void {
    const models = () => this.parts.pool.status.models;
    this.gauge('adapter_model_loaded', 'Whether the default detector is loaded', () =>
      Number(defaultDetector(this.parts.pool.status)?.loaded ?? false),
    );
    this.gauges(
      {
        name: 'adapter_model_info',
        help: 'The models there are; always 1',
        labelNames: ['adapter', 'adapter_version', 'model', 'model_version', 'framework', 'fingerprint'],
      },
      () =>
        models().map(({ name, version, framework, fingerprint }) => ({
          labels: {
            adapter: adapterIdentity.name,
            adapter_version: adapterIdentity.version,
            model: name,
            model_version: version,
            framework,
            fingerprint: fingerprint ?? '',
          },
          value: 1,
        })),
    );
    this.gauges(
      { name: 'adapter_model_memory_bytes', help: 'What loading a model took from its process', labelNames: ['model', 'model_version'] },
      () =>
        models().flatMap(({ name, version, memoryBytes }) =>
          memoryBytes === undefined ? [] : [{ labels: { model: name, model_version: version }, value: memoryBytes }],
        ),
    );
    this.gauges(
      { name: 'adapter_model_device_info', help: 'Where a loaded model runs; always 1', labelNames: ['model', 'model_version', 'device'] },
      () =>
        models().flatMap(({ name, version, device, loaded }) =>
          loaded ? [{ labels: { model: name, model_version: version, device }, value: 1 }] : [],
        ),
    );
  }

  private addEngineGauges(): void {
    const status = () => this.parts.pool.status;
    this.gauges({ name: 'adapter_engine_processes', help: 'Engine processes by state', labelNames: ['state'] }, () => {
      const { processes, ready, busy } = status();
      const states = { busy, idle: ready - busy, down: processes - ready };
      return Object.entries(states).map(([state, value]) => ({ labels: { state }, value }));
    });
    new Counter({
      name: 'adapter_engine_restarts_total',
      help: 'Engine processes that died and were started again',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(status().deaths);
      },
    });
    this.gauge('adapter_engine_memory_bytes', 'Resident memory of all engine processes', () => status().residentBytes);
    this.gauge(
      'adapter_models_refused',
      'Models that are not loaded any more because loading them ended processes',
      () => status().refusedModels.length,
    );
    this.gauges(
      { name: 'adapter_provider_missing', help: 'Providers that were asked for and cannot be had; 1 each', labelNames: ['provider'] },
      () => status().missingProviders.map(({ provider }) => ({ labels: { provider }, value: 1 })),
    );
    this.gauge('adapter_pictures_quarantined', 'Pictures that are refused because they cost engine processes', () => status().quarantined);
  }

  private addMachineGauges(): void {
    this.gauge('adapter_process_memory_bytes', 'Resident memory of the process that answers, without engine processes', () =>
      process.memoryUsage.rss(),
    );
    this.gauges({ name: 'adapter_gpu_memory_bytes', help: 'Memory in use on a GPU', labelNames: ['gpu', 'index'] }, async () =>
      (await this.parts.hardware.read()).gpu.map(({ name, vram_used_mb: usedMb }, index) => ({
        labels: { gpu: name, index: String(index) },
        value: usedMb * bytesPerMegabyte,
      })),
    );
  }

  /** Who computes on the thread that answers callers makes all of them wait: it shows here. */
  private addEventLoopGauge(): void {
    // It measures from timer to timer, so that an idle loop shows the resolution. It keeps no process alive.
    const intervals = monitorEventLoopDelay({ resolution: loopResolutionMs });
    intervals.enable();
    this.gauges(
      {
        name: 'adapter_event_loop_delay_seconds',
        help: 'How late the event loop of the process that answers was since the last scrape',
        labelNames: ['quantile'],
      },
      () => {
        const delays = loopQuantiles.map((quantile) => ({
          labels: { quantile: String(quantile) },
          value: intervals.count === 0 ? 0 : Math.max(0, intervals.percentile(100 * quantile) / 1e9 - loopResolutionMs / 1e3),
        }));
        intervals.reset();
        return delays;
      },
    );
  }
}
