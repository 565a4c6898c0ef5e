import { Counter, Gauge, Registry } from 'prom-client';
import type { CallbackSender } from '../analytics/callback-sender.js';
import type { StreamClaims } from '../streams/stream-claims.js';
import type { StreamSubscribers } from '@nightjar/luna';
import type { StreamMetrics } from './stream-metrics.js';

interface AgentMetricsParts {
  streams: Pick<StreamClaims, 'metrics'>;
  callbacks: Pick<CallbackSender, 'waiting' | 'dropped'>;
  subscribers: Pick<StreamSubscribers, 'count'>;
}

/** Numbers of each stream that only grow, until its analysis or its connection begins anew. */
const counters: Record<string, [help: string, read: (metrics: StreamMetrics) => number]> = {
  agent_stream_frames_analysed_total: ['Frames that were analysed', ({ analysed }) => analysed],
  agent_stream_frames_dropped_total: ['Frames that a newer one replaced before an adapter was free', ({ framesDropped }) => framesDropped],
  agent_stream_units_total: ['Encoded frames that came, decoded or not', ({ units }) => units],
  agent_stream_pictures_total: ['Pictures that were decoded and looked at', ({ pictures }) => pictures],
  agent_stream_units_dropped_total: ['Units that a decoder that was too slow did not get', ({ unitsDropped }) => unitsDropped],
  agent_stream_detector_calls_total: ['Frames that an adapter was asked about', ({ asked }) => asked],
  agent_stream_regions_asked_total: ['Pictures and parts of pictures that adapters looked at', ({ regionsAsked }) => regionsAsked],
  agent_stream_answers_held_total: ['Frames for which an earlier answer held, since nothing moved', ({ held }) => held],
  agent_stream_tracks_over_cap_total: ['Objects beyond the 50 that are followed: counted, but without events', ({ overCap }) => overCap],
  agent_stream_regions_full_total: ['Frames on which more moves than eight regions hold', ({ regionsFull }) => regionsFull],
};

const gauges: Record<string, [help: string, read: (metrics: StreamMetrics) => number]> = {
  agent_stream_tracks: ['Objects that are followed now', ({ tracks }) => tracks],
  agent_stream_frame_age_seconds: ['From the arrival of the newest analysed frame to its result', ({ frameAgeMs }) => frameAgeMs / 1_000],
  agent_stream_restless_share: ['Share of the picture that never rests and counts as no motion', ({ restlessShare }) => restlessShare],
  agent_stream_calibrating: ['1 while the motion detector learns the scene', ({ motion }) => Number(motion === 'calibrating')],
};

/** What `/metrics` shows; everything is read when somebody asks. A stream's label is its directory of frames. */
export class AgentMetrics {
  private readonly registry = new Registry();

  constructor(private readonly parts: AgentMetricsParts) {
    for (const [name, [help, read]] of Object.entries(counters)) this.addCounter(name, help, read);
    for (const [name, [help, read]] of Object.entries(gauges)) this.addGauge(name, help, read);
    this.addInfo();
    this.addPlain('agent_callbacks_waiting', 'Events that wait for their callbacks', () => parts.callbacks.waiting);
    this.addPlain('agent_callbacks_dropped', 'Events that no callback got, since the start', () => parts.callbacks.dropped);
    this.addPlain('agent_subscribers', 'Listeners of /1/ws', () => parts.subscribers.count);
    this.addPlain('agent_process_memory_bytes', 'Resident memory of the agent, without FFmpeg', () => process.memoryUsage.rss());
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Prometheus text format 0.0.4. */
  render(): Promise<string> {
    return this.registry.metrics();
  }

  private addCounter(name: string, help: string, read: (metrics: StreamMetrics) => number): void {
    const { streams } = this.parts;
    new Counter({
      name,
      help,
      labelNames: ['stream'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const metrics of streams.metrics) this.inc({ stream: metrics.stream }, read(metrics));
      },
    });
  }

  private addGauge(name: string, help: string, read: (metrics: StreamMetrics) => number): void {
    const { streams } = this.parts;
    new Gauge({
      name,
      help,
      labelNames: ['stream'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const metrics of streams.metrics) this.set({ stream: metrics.stream }, read(metrics));
      },
    });
  }

  private addInfo(): void {
    const { streams } = this.parts;
    new Gauge({
      name: 'agent_stream_info',
      help: 'How much of a stream is decoded and why, and what its last decoded picture showed; always 1',
      labelNames: ['stream', 'kind', 'decode_state', 'wake_reason', 'motion', 'separation', 'camera_stream'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { cameraStream, decodeState, kind, motion, separation, stream, wakeReason } of streams.metrics)
          this.set(
            { stream, kind, decode_state: decodeState, wake_reason: wakeReason, motion, separation, camera_stream: cameraStream },
            1,
          );
      },
    });
  }

  private addPlain(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
