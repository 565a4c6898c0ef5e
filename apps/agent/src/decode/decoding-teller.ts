import { decodeReportsMax, decodingTold, decodingToldEveryMs } from '@nightjar/contracts';
import type { Bus } from '@nightjar/messaging';
import type { StreamClaims } from '../streams/stream-claims.js';

/** Tells nvr how much of each live stream is decoded, every 5 s until it is stopped. */
export function tellDecoding({ agentId, bus, streams }: { agentId: string; bus: Bus; streams: Pick<StreamClaims, 'decoding'> }): {
  stop: () => void;
} {
  const tell = () => bus.publish(decodingTold, { agent_id: agentId, streams: streams.decoding.slice(0, decodeReportsMax) });
  const timer = setInterval(tell, decodingToldEveryMs);
  return { stop: () => clearInterval(timer) };
}
