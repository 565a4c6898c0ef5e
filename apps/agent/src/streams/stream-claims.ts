import { isDeepStrictEqual } from 'node:util';
import {
  claimStreams,
  offerAnalytics,
  releaseStreams,
  type AnalyticOffer,
  type AssignedStream,
  type DecodeReport,
  type StreamFeedback,
} from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import { AppError, pause, toAppError, type Clock, type Logger } from '@nightjar/runtime';
import type { StreamMetrics } from '../metrics/stream-metrics.js';

/** One running analysis, as far as this file cares. */
interface RunningStream {
  readonly stream: AssignedStream;
  /** How it goes, for nvr. */
  readonly feedback: StreamFeedback;
  readonly metrics: StreamMetrics;
  /** Undefined for a file. */
  readonly decoding: DecodeReport | undefined;
  /** Takes over what needs no new start. */
  reassign(stream: AssignedStream): void;
  stop(): Promise<void>;
}

interface StreamClaimsOptions {
  bus: Bus;
  agentId: string;
  /** Live streams this agent takes. */
  slots: number;
  /** What this agent can run on a stream. */
  offers: readonly AnalyticOffer[];
  /** Starts the analysis of a stream that was assigned. */
  begin: (stream: AssignedStream) => RunningStream;
  /** The stream is no longer analysed here, after its analysis stopped; `stop`: it did not end by itself. `error` is what nvr was told. */
  onEnded: (streamId: string, end: { status: 'done' | 'failure' | 'stop'; error: string | null }) => void;
  clock: Clock;
  logger: Logger;
}

const claimEveryMs = 3_000;
const requestTimeoutMs = 2_000;

/**
 * Claims streams from nvr every three seconds and keeps one analysis running for each that is assigned. While nvr is away the
 * streams go on until their lease is over; then another agent may have them, and all stop.
 */
export class StreamClaims {
  private readonly running = new Map<string, RunningStream>();
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private leaseEndsAtMs = Number.NEGATIVE_INFINITY;
  private nvrAway = false;
  private answeredAtMs: number | undefined;
  private hasOffered = false;
  private hasReleased = false;

  constructor(private readonly options: StreamClaimsOptions) {}

  /** A stream that this agent analyses now. */
  find(streamId: string): AssignedStream | undefined {
    return this.running.get(streamId)?.stream;
  }

  /** Of all that run now. */
  get metrics(): StreamMetrics[] {
    return [...this.running.values()].map(({ metrics }) => metrics);
  }

  /** Of all live streams that run now. */
  get decoding(): DecodeReport[] {
    return [...this.running.values()].flatMap(({ decoding }) => decoding ?? []);
  }

  get count(): number {
    return this.running.size;
  }

  /** How long nvr, which assigns the streams, has been silent; undefined before its first answer. */
  get managerSilentMs(): number | undefined {
    return this.answeredAtMs === undefined ? undefined : this.options.clock.monotonicMs() - this.answeredAtMs;
  }

  start(): void {
    this.loop = this.claimForEver();
  }

  /** A camera was added, changed or removed: asks at once. */
  nudge(): void {
    this.wake?.();
  }

  /** Stops all analyses and gives the streams back, so that nobody waits for the lease. */
  async stop(): Promise<void> {
    this.stopping.abort(new AppError('cancelled', 'the agent stops'));
    await this.loop;
    await this.keepOnly([]);
    const { bus, agentId, logger } = this.options;
    await bus
      .request(releaseStreams, { agent_id: agentId }, { timeoutMs: requestTimeoutMs })
      .catch((error: unknown) => logger.warn('the streams were not given back', { error: toAppError(error).message }));
  }

  private async claimForEver(): Promise<void> {
    // Fails when this is stopped before there was a bus.
    await this.options.bus.ready(this.stopping.signal).catch(() => undefined);
    while (!this.stopping.signal.aborted) {
      await this.claim();
      await this.pause();
    }
  }

  private async claim(): Promise<void> {
    const { bus, agentId, slots, clock, logger } = this.options;
    try {
      await this.releaseFormer();
      const sentAtMs = clock.monotonicMs();
      const { lease_ms, streams } = await bus.request(
        claimStreams,
        { agent_id: agentId, slots_total: slots, feedback: [...this.running.values()].map(({ feedback }) => feedback) },
        { timeoutMs: requestTimeoutMs, signal: this.stopping.signal },
      );
      this.leaseEndsAtMs = sentAtMs + lease_ms;
      this.nvrAway = false;
      this.answeredAtMs = clock.monotonicMs();
      await this.keepOnly(streams);
      await this.offer();
    } catch (thrown) {
      if (this.stopping.signal.aborted) return;
      if (!this.nvrAway) logger.warn('streams could not be claimed', { error: toAppError(thrown).message });
      this.nvrAway = true;
      this.hasOffered = false;
      if (this.running.size > 0 && clock.monotonicMs() >= this.leaseEndsAtMs) {
        logger.warn('the lease of the streams is over', { count: this.running.size });
        await this.keepOnly([]);
      }
    }
  }

  /** Once, before the first claim: a process of the same name that was killed left events open, and nobody but nvr can end them. */
  private async releaseFormer(): Promise<void> {
    const { bus, agentId } = this.options;
    if (this.hasReleased) return;
    await bus.request(releaseStreams, { agent_id: agentId }, { timeoutMs: requestTimeoutMs, signal: this.stopping.signal });
    this.hasReleased = true;
  }

  /** Once, and again when nvr was away. One that takes no offers is asked again with the next claim. */
  private async offer(): Promise<void> {
    const { bus, agentId, offers, logger } = this.options;
    if (this.hasOffered) return;
    const request = { agent_id: agentId, analytics: [...offers] };
    this.hasOffered = await bus.request(offerAnalytics, request, { timeoutMs: requestTimeoutMs, signal: this.stopping.signal }).then(
      () => true,
      (thrown: unknown) => {
        logger.debug('the analytics were not offered', { error: toAppError(thrown).message });
        return false;
      },
    );
  }

  /** Makes what runs equal to what is assigned. A stream whose address or rate changed is started anew; all else it takes over. */
  private async keepOnly(assigned: readonly AssignedStream[]): Promise<void> {
    const wanted = new Map(assigned.map((stream) => [stream.stream_id, stream]));
    const unwanted = [...this.running.values()].filter(({ stream }) => !sameStream(stream, wanted.get(stream.stream_id)));
    await Promise.all(
      unwanted.map(async (analysis) => {
        this.running.delete(analysis.stream.stream_id);
        await analysis.stop();
        const { error, status } = analysis.feedback;
        if (!wanted.has(analysis.stream.stream_id))
          this.options.onEnded(analysis.stream.stream_id, status === 'in_progress' ? { status: 'stop', error: null } : { status, error });
        this.options.logger.info('stream stopped', { cameraId: analysis.stream.camera_id });
      }),
    );
    for (const [streamId, stream] of wanted) {
      const running = this.running.get(streamId);
      if (running && !isDeepStrictEqual(running.stream, stream)) running.reassign(stream);
      if (running) continue;
      this.running.set(streamId, this.options.begin(stream));
      this.options.logger.info('stream started', { cameraId: stream.camera_id, framesName: stream.frames_name });
    }
  }

  private async pause(): Promise<void> {
    const nudged = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    await Promise.race([nudged, pause(claimEveryMs, this.stopping.signal)]);
    this.wake = undefined;
  }
}

function sameStream(a: AssignedStream, b: AssignedStream | undefined): boolean {
  return (
    b !== undefined &&
    a.url === b.url &&
    a.main_url === b.main_url &&
    a.kind === b.kind &&
    a.transport === b.transport &&
    a.frames_name === b.frames_name &&
    a.frames_per_second === b.frames_per_second &&
    a.rotation === b.rotation &&
    a.camera_id === b.camera_id &&
    // A film is not changed in its middle: what a user says of it from now on holds from its beginning.
    (a.kind !== 'file' || a.version === b.version)
  );
}
