import { describe, expect, it } from '@jest/globals';
import { shareStreams, type SharedStream } from './share-streams.js';

const free = (...ids: number[]): SharedStream[] => ids.map((id) => ({ streamId: String(id), heldBy: null }));
const held = (heldBy: string, ...ids: number[]): SharedStream[] => ids.map((id) => ({ streamId: String(id), heldBy }));

describe('sharing streams between agents', () => {
  it('gives a lone agent everything up to its slots', () => {
    expect(shareStreams({ agentId: 'a', agents: [{ agentId: 'a', slotsTotal: 2 }], streams: free(1, 2, 3) })).toEqual(['1', '2']);
  });

  it('leaves to others what they hold', () => {
    const agents = [
      { agentId: 'a', slotsTotal: 9 },
      { agentId: 'b', slotsTotal: 9 },
    ];
    expect(shareStreams({ agentId: 'b', agents, streams: [...held('a', 1, 2), ...free(3, 4)] })).toEqual(['3', '4']);
  });

  it('takes the excess of an agent that came first when a second one asks', () => {
    const agents = [
      { agentId: 'a', slotsTotal: 9 },
      { agentId: 'b', slotsTotal: 9 },
    ];
    expect(shareStreams({ agentId: 'a', agents, streams: held('a', 1, 2, 3) })).toEqual(['1', '2']);
    expect(shareStreams({ agentId: 'b', agents, streams: [...held('a', 1, 2), ...free(3)] })).toEqual(['3']);
  });

  it('gives the share of a small agent to a larger one', () => {
    const agents = [
      { agentId: 'a', slotsTotal: 1 },
      { agentId: 'b', slotsTotal: 9 },
    ];
    expect(shareStreams({ agentId: 'b', agents, streams: free(1, 2, 3, 4) })).toEqual(['1', '2', '3']);
  });

  it('gives an agent without slots nothing', () => {
    expect(shareStreams({ agentId: 'a', agents: [{ agentId: 'a', slotsTotal: 0 }], streams: free(1) })).toEqual([]);
  });
});
