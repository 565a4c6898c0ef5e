import { openInput, startOn, type CameraTransport, type FfmpegBinary, type FfmpegProcess, type OpenedInput } from '@nightjar/media';
import { AppError, type Clock } from '@nightjar/runtime';
import { endWhenSilent } from './end-when-silent.js';
import { FragmentGroups, type FragmentGroup } from './fragment-groups.js';
import type { LiveParts } from './live-parts.js';
import { PictureChanges } from './picture-changes.js';
import { readFragments, type StreamPart } from './read-fragments.js';
import type { SegmentQueue } from './segment-queue.js';
import type { SegmentRows } from './segment-rows.js';
import { SegmentWriter } from './segment-writer.js';
import { StreamClock } from './stream-clock.js';

/** Frames flow in fragments of a quarter of a second; a camera that sends nothing for so long is gone, whatever FFmpeg says. */
const silenceMsMax = 10_000;
/** Connecting and looking at the stream take longer. */
const firstBytesMsMax = 20_000;
/**
 * Then FFmpeg waits for a key frame, which is minutes away with some cameras. Whether they send anything meanwhile is watched by who reads
 * their packets; this is for those that never send a picture.
 */
const firstFragmentMsMax = 5 * 60_000;
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
  /** Writes what is recorded. */
  queue: SegmentQueue;
  /** Whether the session is to end when the camera describes its pictures anew, so that the next one begins with that. */
  endsAtNewPictures: () => boolean;
  signal: AbortSignal;
}

/** How a session went. */
export interface SessionEnd {
  reason: 'stopped' | 'stream ended' | 'silent' | 'times went wrong' | 'new pictures';
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
 * @throws AppError `unavailable` when FFmpeg can't be started
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
    options.live.end();
    await process.stop();
    await options.queue.end();
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
    await process.stop();
    input.close();
    await options.queue.end();
  }
}

/**
 * Pictures over HTTP become video that browsers play. Two seconds from key frame to key frame; encoders want even sides, and JPEG has more
 * levels of brightness than video.
 */
const encodeArguments = [
  ...['-vf', 'scale=w=trunc(iw/2)*2:h=trunc(ih/2)*2:out_range=tv,format=yuv420p'],
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency', '-threads', '1', '-force_key_frames', 'expr:gte(t,n_forced*2)'],
];

function startRecording(input: OpenedInput, { ffmpeg, withSound }: { ffmpeg: FfmpegBinary; withSound: boolean }): FfmpegProcess {
  const output = [
    ...[
      '-map',
      '0:v:0',
      ...(withSound ? ['-map', '0:a:0?'] : []),
      ...(input.bytes === undefined ? ['-c', 'copy'] : encodeArguments),
      '-f',
      'mp4',
      '-movflags',
      '+frag_keyframe+empty_moov+default_base_moof+skip_trailer',
    ],
    ...['-frag_duration', String(fragmentMicros), '-flush_packets', '1', 'pipe:1'],
  ];
  try {
    return startOn(input, { ffmpeg, arguments: [...input.arguments, ...output] });
  } catch (error) {
    input.close();
    throw error;
  }
}

/** What one session has recorded so far. */
class Recording {
  private readonly streamClock = new StreamClock();
  private timescale = 1;
  private hasFragments = false;
  private groups: FragmentGroups | undefined;
  private beginLive: () => void = () => undefined;
  private writer: SegmentWriter | undefined;
  private pictures: PictureChanges | undefined;
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
    const chunks = endWhenSilent(stdout, { msMax: () => this.silenceMsMax, onSilence });
    for await (const part of readFragments(chunks)) {
      const verdict = this.take(part);
      if (verdict === 'broken') return 'times went wrong';
      if (verdict !== 'new pictures') continue;
      this.flush();
      return verdict;
    }
    this.flush();
    if (this.options.signal.aborted) return 'stopped';
    return wasSilent ? 'silent' : 'stream ended';
  }

  private get silenceMsMax(): number {
    if (!this.groups) return firstBytesMsMax;
    return this.hasFragments ? silenceMsMax : firstFragmentMsMax;
  }

  private take(part: StreamPart): 'steady' | 'broken' | 'new pictures' {
    if (part.kind === 'init') {
      this.begin(part);
      return 'steady';
    }
    if (!this.groups) throw new AppError('unprocessable', 'the stream has media before its begin');
    const { clock, live } = this.options;
    this.hasFragments = true;
    if (this.pictures?.isNew(part.fragment) && this.options.endsAtNewPictures()) return 'new pictures';
    const arrived = { unixMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    live.push(part.fragment, arrived.unixMs);
    for (const group of this.groups.push(part.fragment, arrived)) if (this.write(group) === 'broken') return 'broken';
    return 'steady';
  }

  private begin({ bytes: initBytes, track }: Extract<StreamPart, { kind: 'init' }>): void {
    const { camera, isRecorded, live, previousEndMs, queue, root, rows, segmentMs } = this.options;
    this.timescale = track.timescale;
    this.groups = new FragmentGroups(track.timescale);
    this.pictures = new PictureChanges(initBytes, track.codec);
    // Viewers see other times as those of another session.
    this.beginLive = () => live.begin(initBytes, track);
    this.beginLive();
    if (!isRecorded) return;
    this.writer = new SegmentWriter({ root, camera, segmentMs, rows, initBytes, track, previousEndMs });
    queue.begin(this.writer);
  }

  private flush(): void {
    for (const group of this.groups?.flush() ?? []) this.write(group);
  }

  private write({ arrived, fragment }: FragmentGroup): 'steady' | 'broken' {
    const msOf = (ticks: number) => (ticks * 1_000) / this.timescale;
    const endMediaMs = msOf(fragment.startTicks + fragment.durationTicks);
    const verdict = this.streamClock.observe({ endMediaMs, arrived });
    if (verdict === 'broken') return 'broken';
    if (verdict === 'shifted') this.beginLive();
    this.options.queue.put({ fragment, times: this.streamClock.known, isShifted: verdict === 'shifted' });
    this.recordedMs += msOf(fragment.durationTicks);
    return 'steady';
  }
}
