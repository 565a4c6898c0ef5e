import { Patience } from '@nightjar/media';
import { pause, type Clock, type Logger } from '@nightjar/runtime';
import type { Fragment, SegmentWriter } from './segment-writer.js';
import type { StreamTimes } from './stream-clock.js';

/** A write that takes longer, its sync included, is one of a disk that hangs. */
const writeMsMaxDefault = 5_000;
/** What waits of one camera. Full, because the disk is slower than the camera: all of it is dropped. */
const waitingBytesMax = 16 * 1024 * 1024;
/** A disk that is full may have room again at any moment, and the camera is not to blame. */
const retryMs = 2_000;
/** What a disk is said to have that hangs or is too slow: the system gives no error of its own. */
const tooSlow = 'ETIMEDOUT';

/** Fragments that are written together. */
export interface QueuedGroup {
  fragment: Fragment;
  /** What was known of the time when they came. */
  times: StreamTimes;
  /** Times of the stream are others from here on: the next key frame begins a file. */
  isShifted: boolean;
}

interface SegmentQueueOptions {
  cameraId: number;
  /** Done before the first file of a connection. @throws the error of the disk */
  prepare: () => Promise<void>;
  /** Whether something can be written. @returns the disk's error code where it can't */
  probe: () => Promise<string | undefined>;
  clock: Clock;
  logger: Pick<Logger, 'error' | 'info'>;
  writeMsMax?: number | undefined;
}

interface Job {
  kind: 'write' | 'end' | 'probe';
  writer: QueuedWriter | undefined;
  sizeBytes: number;
  work: () => Promise<void>;
}

type QueuedWriter = Pick<SegmentWriter, 'write' | 'close' | 'endFileAtKeyFrame'>;

/**
 * Has the recordings of one camera written, so that neither its connection nor its viewers wait for the disk: groups of fragments wait
 * here and are written one after the other.
 *
 * After an error of the disk, a write that hangs, or with more waiting than fits, it rests: what waits is dropped, and the file ends
 * with its last whole fragment. It goes on with the first key frame that comes 2 s later or more, once the disk has answered. There is
 * one write at a time for as long as the camera is recorded, whatever becomes of its connections: a disk that hangs holds one thread of
 * this process for a camera, not one more with each connection.
 */
export class SegmentQueue {
  /** Error code of the disk while files can't be written. */
  problem: string | undefined;
  /** Of the connection that stands. */
  private writer: QueuedWriter | undefined;
  private isPrepared = false;
  /** Something of this connection was taken. */
  private isUsed = false;
  private jobs: Job[] = [];
  /** With those of the job that is under way. */
  private waitingBytes = 0;
  private working: Promise<void> | undefined;
  private isHung = false;
  private isWaitingForKey = true;
  private restsUntilMs = Number.NEGATIVE_INFINITY;
  /** No error of the disk: it ends the connection. */
  private failure: { error: unknown } | undefined;
  private readonly writeMsMax: number;

  constructor(private readonly options: SegmentQueueOptions) {
    this.writeMsMax = options.writeMsMax ?? writeMsMaxDefault;
  }

  /** A connection stands. */
  begin(writer: QueuedWriter): void {
    this.writer = writer;
    this.isPrepared = false;
    this.isUsed = false;
    this.isWaitingForKey = true;
    this.failure = undefined;
  }

  /** Takes what is to be written, or drops it while it rests. @throws what made writing fail before, if it was not the disk */
  put(group: QueuedGroup): void {
    this.throwFailure();
    const { writer } = this;
    if (!writer || !this.takes(group.fragment)) return;
    const sizeBytes = group.fragment.piecesFrom(0).reduce((sum, { length }) => sum + length, 0);
    if (this.waitingBytes + sizeBytes > waitingBytesMax) this.rest(writer, tooSlow);
    else this.add({ kind: 'write', writer, sizeBytes, work: () => this.write(writer, group) });
  }

  /** The connection is over. Returns when all is written, or too late for that: then it is written when the disk answers. @throws as `put` */
  async end(): Promise<void> {
    const { isUsed, writer } = this;
    this.writer = undefined;
    if (!writer || !isUsed) return;
    this.add(endOf(writer));
    await this.settle();
    this.throwFailure();
  }

  /** Asks the disk for as long as there is a problem and nothing to write that would tell: a camera may be away for long. */
  async look(): Promise<void> {
    if (this.problem === undefined || this.working) return;
    const work = async () => this.note(await this.options.probe());
    this.add({ kind: 'probe', writer: undefined, sizeBytes: 0, work });
    await this.settle();
  }

  private takes(fragment: Fragment): boolean {
    if (!this.isWaitingForKey) return true;
    if (!fragment.startsWithKeyFrame || this.isHung || this.options.clock.monotonicMs() < this.restsUntilMs) return false;
    this.isWaitingForKey = false;
    this.isUsed = true;
    return true;
  }

  private async write(writer: QueuedWriter, { fragment, isShifted, times }: QueuedGroup): Promise<void> {
    if (!this.isPrepared) await this.options.prepare();
    this.isPrepared = true;
    if (isShifted) writer.endFileAtKeyFrame();
    await writer.write(fragment, times);
    this.note(undefined);
  }

  private add(job: Job): void {
    this.jobs.push(job);
    this.waitingBytes += job.sizeBytes;
    this.working ??= this.workAll();
  }

  private async workAll(): Promise<void> {
    for (let job = this.jobs.shift(); job; job = this.jobs.shift()) await this.workOn(job);
    this.working = undefined;
  }

  private async workOn({ kind, sizeBytes, work, writer }: Job): Promise<void> {
    // An end that fails is not tried again: the file is closed all the same.
    const toEnd = kind === 'write' ? writer : undefined;
    const patience = new Patience(this.writeMsMax, () => {
      this.isHung = true;
      this.rest(toEnd, tooSlow);
    });
    try {
      await work();
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === undefined) this.failure = { error };
      this.rest(toEnd, code);
    } finally {
      patience.end();
      this.isHung = false;
      this.waitingBytes -= sizeBytes;
    }
  }

  /** @param writer whose file has to end, if there is one */
  private rest(writer: QueuedWriter | undefined, problem: string | undefined): void {
    for (const { kind, sizeBytes } of this.jobs) if (kind === 'write') this.waitingBytes -= sizeBytes;
    this.jobs = this.jobs.filter(({ kind }) => kind !== 'write');
    const isToEnd = this.jobs.some((job) => job.kind === 'end' && job.writer === writer);
    if (writer && !isToEnd) this.jobs.push(endOf(writer));
    this.isWaitingForKey = true;
    this.restsUntilMs = this.options.clock.monotonicMs() + retryMs;
    if (problem !== undefined) this.note(problem);
  }

  private note(problem: string | undefined): void {
    const { cameraId, logger } = this.options;
    if (problem === this.problem) return;
    if (problem === undefined) logger.info('recordings of a camera can be written again', { cameraId });
    else logger.error('recordings of a camera cannot be written, it is tried again', { cameraId, problem });
    this.problem = problem;
  }

  /** Waits until nothing is left to do, but not for a disk that hangs. */
  private async settle(): Promise<void> {
    if (this.isHung) return;
    const isSettled = new AbortController();
    await Promise.race([this.working, pause(this.writeMsMax, isSettled.signal)]);
    isSettled.abort();
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure.error;
  }
}

function endOf(writer: QueuedWriter): Job {
  return { kind: 'end', writer, sizeBytes: 0, work: () => writer.close() };
}

/** Of what the system refused to do; undefined for an error of our own. */
function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('errno' in error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
