import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** What a sender has to keep up while its body is read. */
export interface SendingPace {
  bytesPerSecondMin: number;
  /** The time over which that is averaged, and the longest silence. */
  windowMs: number;
}

const defaultSendingPace: SendingPace = { bytesPerSecondMin: 1024, windowMs: 30_000 };

/** How often a window is looked at: a sender is cut at most a sixth of a window late. */
export const looksPerWindow = 6;

/**
 * Cuts the connection of whoever sends a body slower than the pace, a byte at a time or not at all: each holds a connection, a
 * share of a budget and perhaps a file. What had arrived is removed as after any upload that breaks off.
 */
export function cutSlowSenders(fastify: FastifyInstance, pace: SendingPace = defaultSendingPace): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    watchSender(request.raw, pace);
    done();
  });
}

/** The wire is counted, not the body: one place for raw bodies, forms and JSON alike. */
function watchSender(raw: IncomingMessage, pace: SendingPace): void {
  const { socket } = raw;
  const counter = new PaceCounter(pace, socket.bytesRead);
  const look = () => {
    if (raw.complete || raw.destroyed) clearInterval(timer);
    // Bytes that wait for us are no fault of the sender.
    else if (raw.readableLength > 0) counter.restart(socket.bytesRead);
    else if (counter.isTooSlow(socket.bytesRead)) raw.destroy(new Error('the sender was too slow'));
  };
  const timer = setInterval(look, pace.windowMs / looksPerWindow).unref();
  raw.once('close', () => clearInterval(timer));
}

/** Counts bytes over a window that moves on with every look. */
export class PaceCounter {
  private counts: number[];

  constructor(
    private readonly pace: SendingPace,
    bytesReadAtStart: number,
  ) {
    this.counts = [bytesReadAtStart];
  }

  /** A new window begins now. */
  restart(bytesRead: number): void {
    this.counts = [bytesRead];
  }

  /** @param bytesRead of all time, read every sixth of a window. @returns false until a window is full */
  isTooSlow(bytesRead: number): boolean {
    if (this.counts.push(bytesRead) <= looksPerWindow) return false;
    const bytesBefore = this.counts.shift() ?? bytesRead;
    return bytesRead - bytesBefore < (this.pace.bytesPerSecondMin * this.pace.windowMs) / 1_000;
  }
}
