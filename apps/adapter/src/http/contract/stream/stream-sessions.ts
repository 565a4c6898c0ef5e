import { pause } from '@nightjar/runtime';
import type { WebSocket } from 'ws';
import { closeCodes } from './stream-limits.js';
import { StreamSession, type StreamRequest, type StreamSessionParts } from './stream-session.js';

const pollMs = 20;

/** The open sessions of `/infer/stream`: as many as there may be, watched, and ended together. */
export class StreamSessions {
  private readonly sessions = new Set<StreamSession>();
  private readonly timer: NodeJS.Timeout;
  private isStopping = false;

  constructor(private readonly parts: StreamSessionParts) {
    this.timer = setInterval(() => this.checkLiveness(), parts.limits.pingEveryMs);
    this.timer.unref();
  }

  get sessionsMax(): number {
    return this.parts.limits.sessionsMax;
  }

  /** Takes an open socket over. Full, or on the way down: the client is told why and its socket closes with 4004 or 1001. */
  add(socket: WebSocket, request: StreamRequest): void {
    if (this.isStopping) return refuse(socket, closeCodes.goingAway, 'the adapter is shutting down');
    if (this.sessions.size >= this.sessionsMax) return refuse(socket, closeCodes.overloaded, `${this.sessionsMax} streams are open`);
    const session = new StreamSession(socket, request, this.parts);
    this.sessions.add(session);
    this.parts.metrics.openStreams = this.sessions.size;
    socket.once('close', () => {
      this.sessions.delete(session);
      this.parts.metrics.openStreams = this.sessions.size;
    });
  }

  /** Answers the frames that were taken, takes no more, and closes; what is open at the deadline is cut. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    for (const session of this.sessions) session.drain();
    while (this.sessions.size > 0 && !deadline.aborted) await pause(pollMs, deadline);
    for (const session of this.sessions) session.terminate();
  }

  private checkLiveness(): void {
    for (const session of this.sessions) session.checkLiveness();
  }
}

function refuse(socket: WebSocket, code: number, reason: string): void {
  socket.on('error', () => undefined);
  socket.send(JSON.stringify({ type: 'close', reason, close_code: code }));
  socket.close(code, reason);
}
