/** An agent that asked for streams lately. */
export interface StreamAgent {
  agentId: string;
  slotsTotal: number;
}

/** A stream that wants to be analysed, and who does it now; null: nobody. */
export interface SharedStream {
  streamId: string;
  heldBy: string | null;
}

/**
 * Decides which streams one agent has from now on: what it holds, up to its fair share, then free ones. What it holds beyond
 * its share it loses, so that an agent that comes later gets work.
 * @returns ids of streams
 */
export function shareStreams(options: { agentId: string; agents: readonly StreamAgent[]; streams: readonly SharedStream[] }): string[] {
  const { agentId, agents, streams } = options;
  const share = fairShares(agents, streams.length).get(agentId) ?? 0;
  const kept = streams.filter(({ heldBy }) => heldBy === agentId).slice(0, share);
  const taken = streams.filter(({ heldBy }) => heldBy === null).slice(0, share - kept.length);
  return [...kept, ...taken].map(({ streamId }) => streamId);
}

/** Deals the streams out one by one, in the order of the agents' ids, to whoever has a slot left. */
function fairShares(agents: readonly StreamAgent[], streamsTotal: number): Map<string, number> {
  const shares = new Map(agents.map(({ agentId }) => [agentId, 0]));
  const ordered = [...agents].sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  let left = Math.min(
    streamsTotal,
    ordered.reduce((sum, { slotsTotal }) => sum + slotsTotal, 0),
  );
  while (left > 0) {
    for (const { agentId, slotsTotal } of ordered) {
      const share = shares.get(agentId) ?? 0;
      if (left === 0 || share >= slotsTotal) continue;
      shares.set(agentId, share + 1);
      left--;
    }
  }
  return shares;
}
