/** Bounds of a stream and of all streams together; time in ms. */
export interface StreamLimits {
  readonly sessionsMax: number;
  /** Frames of one session that may be unanswered: one is worked on, the others wait for it. */
  readonly inflightMax: number;
  /** Answers of one session, refusals included, that wait for an earlier frame's; full: nothing more is read from the client. */
  readonly unsentAnswersMax: number;
  readonly frameBytesMax: number;
  readonly controlBytesMax: number;
  /** What a client has not taken yet; full: nothing more is read from it until it has. */
  readonly bufferedBytesMax: number;
  /** From the open socket to the handshake. */
  readonly handshakeMs: number;
  readonly pingEveryMs: number;
  /** A client that does not take its answers for so long is dropped. */
  readonly stuckMs: number;
  /** Waiting and running of one frame. */
  readonly frameTimeoutMs: number;
}

export const streamLimits: StreamLimits = {
  sessionsMax: 64,
  inflightMax: 2,
  unsentAnswersMax: 256,
  frameBytesMax: 8 * 1024 * 1024,
  controlBytesMax: 64 * 1024,
  bufferedBytesMax: 1024 * 1024,
  handshakeMs: 10_000,
  pingEveryMs: 25_000,
  stuckMs: 30_000,
  frameTimeoutMs: 30_000,
};

/**
 * A frame that is too large is answered and its session lives on, so it has to be read first; up to here. Anything longer ends
 * the connection with 1009.
 */
export const messageBytesMax = 2 * streamLimits.frameBytesMax;

/** The contract's close codes, and RFC 6455's own. */
export const closeCodes = { normal: 1000, goingAway: 1001, policy: 4001, model: 4002, provider: 4003, overloaded: 4004 } as const;
