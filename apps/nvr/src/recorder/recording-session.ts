import { FfmpegProcess, openInput, type CameraTransport, type FfmpegBinary, type OpenedInput } from '@nightjar/media';
import { AppError, type Clock } from '@nightjar/runtime';
import { endWhenSilent } from './end-when-silent.js';
import { FragmentGroups, type FragmentGroup } from './fragment-groups.js';
import type { LiveParts } from './live-parts.js';
import { readFragments, type StreamPart } from './read-fragments.js';
import type { SegmentRows } from './segment-rows.js';
import { SegmentWriter } from './segment-writer.js';
import { StreamClock } from './stream-clock.js';

/** Frames flow in fragments of a quarter of a second; a camera that sends nothing for so long is gone, whatever FFmpeg says. */
const silenceMsMax = 10_000;
/** Connecting, looking at the stream and waiting for the first key frame take longer. */
const firstBytesMsMax = 20_000;
/** Longest time to write down what is under way when recording stops. */
const endingMsMax = 2_000;
/** How late live viewers are; what is written to disk at a time is put together from several. */
const fragmentMicros = 250_000;

export interface RecordingSessionOptions {
  ffmpeg: FfmpegBinary;
  /** Holds the camera's credentials: never log it. */
  url: string;
  /** How the camera's packets come; absent: as it can send them. */
  transport?: CameraTransport | undefined;
  /** Whether its sound is recorded too, if it is AAC. */
  withSound?: boolean | undefined;
  root: string;
  camera: { id: number; uuid: string };
  /** False: the camera is only watched, and nothing is written. */
  isRecorded: boolean;
  segmentMs: number;
  rows: Pick<SegmentRows, 'put'>;
  live: LiveParts;
  clock: Clock;
  previousEndMs: number | undefined;
  /** A fragment is on disk. */
  onWritten: () => void;
  signal: AbortSignal;
}

/** How a session went. */
export interface SessionEnd {
  reason: 'stopped' | 'stream ended' | 'silent' | 'times went wrong';
  recordedMs: number;
  recordedUntilMs: number | undefined;
  /** Why the connection to the camera ended, unless FFmpeg ended it. */
  cameraSaid: string | undefined;
  /** What FFmpeg said at the end, without credentials. */
  ffmpegSaid: string;
}

/**
 * One connection to a camera, from FFmpeg's start to its end: `-c copy` into fragmented MP4 on a pipe, which this process cuts
 * into files. FFmpeg ends with 0 when a camera hangs up, so no end of it means "done".
 * @throws AppError `unavailable` when FFmpeg can't be started, the error of the disk when files can't be written
 */
export async function runRecordingSession(options: RecordingSessionOptions): Promise<SessionEnd> {
  const { ffmpeg, signal, transport, url, withSound = false } = options;
  const input = await openInput({ kind: 'camera', url, timestamps: 'stream', transport, withSound, isPrompt: options.live.isRead }, ffmpeg);
  const process = startRecording(input, { ffmpeg, withSound });
  const onStop = () => {
    process.endInOrder();
    // FFmpeg hands out the fragment that it has begun; what hangs is ended.
    setTimeout(() => void process.stop(), endingMsMax).unref();
  };
  if (signal.aborted) onStop();
  else signal.addEventListener('abort', onStop, { once: true });
  const recording = new Recording(options);
  try {
    const reason = await recording.recordAll(process);
    await process.stop();
    return {
      reason,
      recordedMs: recording.recordedMs,
      recordedUntilMs: recording.recordedUntilMs,
      cameraSaid: input.problem?.message,
      ffmpegSaid: (await process.exited).stderrTail,
    };
  } finally {
    signal.removeEventListener('abort', onStop);
    options.live.end();
    await recording.close();
    await process.stop();
    input.close();
  }
}

function startRecording(input: OpenedInput, { ffmpeg, withSound }: { ffmpeg: FfmpegBinary; withSound: boolean }): FfmpegProcess {
  const output = [
    ...[
      '-map',
      '0:v:0',
      ...(withSound ? ['-map', '0:a:0?'] : []),
      '-c',
      'copy',
      '-f',
      'mp4',
      '-movflags',
      '+frag_keyframe+empty_moov+default_base_moof+skip_trailer',
    ],
    ...['-frag_duration', String(fragmentMicros), '-flush_packets', '1', 'pipe:1'],
  ];
  try {
    return FfmpegProcess.start({ ffmpeg, arguments: [...input.arguments, ...output] });
  } catch (error) {
    input.close();
    throw error;
  }
}

/** What one session has written so far. */
class Recording {
  private readonly streamClock = new StreamClock();
  private timescale = 1;
  private groups: FragmentGroups | undefined;
  private beginLive: () => void = () => undefined;
  private writer: SegmentWriter | undefined;
  recordedMs = 0;

  constructor(private readonly options: RecordingSessionOptions) {}

  get recordedUntilMs(): number | undefined {
    return this.writer?.recordedUntilMs ?? this.options.previousEndMs;
  }

  /** Records until the stream ends, for whatever reason. */
  async recordAll(process: FfmpegProcess): Promise<SessionEnd['reason']> {
    let wasSilent = false;
    const onSilence = () => {
      wasSilent = true;
      void process.stop();
    };
    const [stdout] = process.pipes;
    if (!stdout) throw new AppError('internal', 'FFmpeg has no output');
    const chunks = endWhenSilent(stdout, { firstMsMax: firstBytesMsMax, nextMsMax: silenceMsMax, onSilence });
    for await (const part of readFragments(chunks)) {
      if ((await this.take(part)) === 'broken') return 'times went wrong';
    }
    for (const group of this.groups?.flush() ?? []) await this.write(group);
    if (this.options.signal.aborted) return 'stopped';
    return wasSilent ? 'silent' : 'stream ended';
  }

  async close(): Promise<void> {
    await this.writer?.close();
  }

  private async take(part: StreamPart): Promise<'steady' | 'broken'> {
    if (part.kind === 'init') {
      this.begin(part);
      return 'steady';
    }
    if (!this.groups) throw new AppError('unprocessable', 'the stream has media before its begin');
    const { clock, live } = this.options;
    const arrived = { unixMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    // Viewers do not wait for the disk.
    live.push(part.fragment, arrived.unixMs);
    for (const group of this.groups.push(part.fragment, arrived)) if ((await this.write(group)) === 'broken') return 'broken';
    return 'steady';
  }

  private begin({ bytes: initBytes, track }: Extract<StreamPart, { kind: 'init' }>): void {
    const { camera, isRecorded, live, previousEndMs, root, rows, segmentMs } = this.options;
    this.timescale = track.timescale;
    this.groups = new FragmentGroups(track.timescale);
    // Viewers see other times as those of another session.
    this.beginLive = () => live.begin(initBytes, track);
    this.beginLive();
    if (isRecorded)
      this.writer = new SegmentWriter({ root, camera, segmentMs, rows, clock: this.streamClock, initBytes, track, previousEndMs });
  }

  private async write({ arrived, fragment }: FragmentGroup): Promise<'steady' | 'broken'> {
    const msOf = (ticks: number) => (ticks * 1_000) / this.timescale;
    const endMediaMs = msOf(fragment.startTicks + fragment.durationTicks);
    const verdict = this.streamClock.observe({ endMediaMs, arrived });
    if (verdict === 'broken') return 'broken';
    if (verdict === 'shifted') {
      this.writer?.endFileAtKeyFrame();
      this.beginLive();
    }
    if (this.writer) {
      await this.writer.write(fragment);
      this.options.onWritten();
    }
    this.recordedMs += msOf(fragment.durationTicks);
    return 'steady';
  }
}
