import { describe, expect, it } from '@jest/globals';
import type { AdapterCapacity, AgentCapacity } from '@nightjar/contracts';
import { FakeClock } from '@nightjar/runtime';
import { CapacityBoard } from './capacity-board.js';

const agent = (id: string, busy: number, total: number, more: Partial<AgentCapacity> = {}): AgentCapacity => ({
  agent_id: id,
  job_slots_total: total,
  job_slots_busy: busy,
  stream_slots_total: 16,
  stream_slots_busy: 16,
  self_check: null,
  at_unix_ms: 0,
  ...more,
});
const adapter = (id: string, busy: number, total: number): AdapterCapacity => ({
  adapter_id: id,
  capabilities: ['person_detection'],
  slots_total: total,
  slots_busy: busy,
  at_unix_ms: 0,
});

describe('the capacity board', () => {
  it('counts as full until an agent and an adapter are heard, and when one of the two falls silent', () => {
    const clock = new FakeClock();
    const board = new CapacityBoard(clock);
    expect(board.usedCapacity).toBe(1);
    board.hearAgent(agent('a', 0, 2));
    expect(board.usedCapacity).toBe(1);
    board.hearAdapter(adapter('x', 0, 2));
    expect(board.usedCapacity).toBe(0);
    clock.advance(10_000);
    board.hearAdapter(adapter('x', 0, 2));
    clock.advance(5_001);
    expect([board.usedCapacity, board.agents, board.adapters.length]).toEqual([1, [], 1]);
  });

  it('is as full as the scarcer of agents and adapters', () => {
    const board = new CapacityBoard(new FakeClock());
    board.hearAgent(agent('a', 1, 1));
    board.hearAgent(agent('b', 0, 3));
    board.hearAdapter(adapter('x', 1, 2));
    expect(board.usedCapacity).toBe(0.5);
    board.hearAgent(agent('b', 2, 3));
    expect(board.usedCapacity).toBe(0.75);
    board.hearAdapter(adapter('x', 9, 2));
    expect(board.usedCapacity).toBe(1);
  });

  it('is full where agents have no slots for jobs', () => {
    const board = new CapacityBoard(new FakeClock());
    board.hearAgent(agent('a', 0, 0));
    board.hearAdapter(adapter('x', 0, 2));
    expect(board.usedCapacity).toBe(1);
  });

  it('remembers a thousand of them and takes any name', () => {
    const board = new CapacityBoard(new FakeClock());
    for (let index = 0; index < 1_500; index++) board.hearAgent(agent(`agent-${index}`, 0, 1));
    board.hearAgent(agent('__proto__', 0, 1));
    expect(board.agents).toHaveLength(1_000);
    expect(board.agents.at(-1)?.agent_id).toBe('__proto__');
  });

  it('keeps the last self-check that was told', () => {
    const clock = new FakeClock();
    const board = new CapacityBoard(clock);
    expect(board.selfCheckMs('video')).toBeUndefined();
    board.hearAgent(agent('a', 0, 1, { self_check: { video_ms_per_second: 300, image_ms: 90 } }));
    board.hearAgent(agent('b', 0, 1));
    clock.advance(60_000);
    expect([board.selfCheckMs('video'), board.selfCheckMs('image')]).toEqual([300, 90]);
  });
});
