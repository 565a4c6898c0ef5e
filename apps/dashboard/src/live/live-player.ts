import { followLiveEdge } from './follow-live-edge.js';

/** Full: the browser does not take what comes, and the player begins anew. */
const waitingBytesMax = 16 * 1024 * 1024;
/** What was played is kept this long, for browsers that look back a little. */
const keptSeconds = 10;

/** Whether this browser plays live video of that kind: `video/mp4; codecs="…"`. */
export function canPlay(mime: string): boolean {
  return typeof MediaSource !== 'undefined' && MediaSource.isTypeSupported(mime);
}

/** Plays one stream in a video element, close to its live edge. */
export class LivePlayer {
  private readonly source = new MediaSource();
  private readonly url = URL.createObjectURL(this.source);
  private buffer: SourceBuffer | undefined;
  private waiting: ArrayBuffer[] = [];
  private waitingBytes = 0;
  private isClosed = false;

  /** @param options.onBroken the stream can't go on; called once */
  constructor(private readonly options: { video: HTMLVideoElement; mime: string; onBroken: () => void }) {
    const { video } = options;
    this.source.addEventListener('sourceopen', () => this.begin(), { once: true });
    video.src = this.url;
    video.addEventListener('error', this.fail);
  }

  /** Takes the init segment, then fragments. */
  push(piece: ArrayBuffer): void {
    if (this.isClosed) return;
    this.waiting.push(piece);
    this.waitingBytes += piece.byteLength;
    if (this.waitingBytes > waitingBytesMax) this.fail();
    else this.append();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { video } = this.options;
    video.removeEventListener('error', this.fail);
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(this.url);
  }

  private begin(): void {
    if (this.isClosed) return;
    try {
      this.buffer = this.source.addSourceBuffer(this.options.mime);
    } catch {
      // It said that it knows the kind, and has no decoder left.
      return this.fail();
    }
    this.buffer.addEventListener('updateend', () => {
      this.stayLive();
      this.append();
    });
    this.buffer.addEventListener('error', this.fail);
    this.append();
  }

  private append(): void {
    const { buffer } = this;
    if (this.isClosed || !buffer || buffer.updating) return;
    const piece = this.waiting.shift();
    if (!piece) return;
    this.waitingBytes -= piece.byteLength;
    try {
      buffer.appendBuffer(piece);
    } catch {
      // No room, or the browser gave the stream up.
      this.fail();
    }
  }

  private stayLive(): void {
    const { buffer } = this;
    const { video } = this.options;
    if (this.isClosed || !buffer || buffer.updating || buffer.buffered.length === 0) return;
    const last = buffer.buffered.length - 1;
    const step = followLiveEdge({
      position: video.currentTime,
      bufferedFrom: buffer.buffered.start(last),
      bufferedTo: buffer.buffered.end(last),
    });
    if ('jumpTo' in step) video.currentTime = step.jumpTo;
    else video.playbackRate = step.rate;
    // A browser that does not let it play yet is asked again with the next piece.
    if (video.paused) void video.play().catch(() => undefined);
    if (buffer.buffered.start(0) < video.currentTime - 2 * keptSeconds) buffer.remove(0, video.currentTime - keptSeconds);
  }

  private readonly fail = (): void => {
    if (this.isClosed) return;
    this.close();
    this.options.onBroken();
  };
}
