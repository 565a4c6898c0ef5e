import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '@nightjar/runtime';
import { Supervisor, type PartState, type RunningPart } from './supervisor.js';

/** A process in memory: ends when the test says so. */
class FakePart implements RunningPart {
  readonly pid = 1;
  stops = 0;
  end!: (reason: string) => void;
  readonly exited = new Promise<string>((resolve) => {
    this.end = resolve;
  });

  async stop(): Promise<void> {
    this.stops += 1;
    this.end('stopped');
  }

  kill(): void {
    this.end('killed');
  }
}

describe('a supervisor', () => {
  let parts: FakePart[];
  let states: PartState['kind'][];
  const supervise = (
    changes: { untilReady?: (signal: AbortSignal) => Promise<void>; start?: () => Promise<RunningPart> } = {},
  ): Supervisor =>
    new Supervisor({
      name: 'part',
      clock: systemClock,
      start: async () => {
        const part = new FakePart();
        parts.push(part);
        return part;
      },
      onState: (state) => states.push(state.kind),
      ...changes,
    });

  beforeEach(() => {
    jest.useFakeTimers();
    parts = [];
    states = [];
  });
  afterEach(() => void jest.useRealTimers());

  it('says ready when the process is', async () => {
    let becomeReady!: () => void;
    const started = supervise({ untilReady: () => new Promise((resolve) => (becomeReady = resolve)) }).start();
    await jest.advanceTimersByTimeAsync(5);
    expect(states).toEqual(['starting']);
    becomeReady();
    await started;
    expect(states).toEqual(['starting', 'ready']);
  });

  it('starts the process again when it ends, after a second', async () => {
    const supervisor = supervise();
    await supervisor.start();
    parts[0]?.end('was ended by SIGKILL');
    await jest.advanceTimersByTimeAsync(900);
    expect(parts.length).toBe(1);
    await jest.advanceTimersByTimeAsync(200);
    expect(parts.length).toBe(2);
    expect(states).toEqual(['starting', 'ready', 'restarting', 'starting', 'ready']);
    expect(supervisor.restarts).toBe(1);
  });

  it('gives up on a process that never stays, and tells why', async () => {
    const outcome = expect(
      supervise({ start: async () => endsAtOnce('ended with exit code 1: port taken'), untilReady: untilTold }).start(),
    ).rejects.toThrow('part does not stay up: ended with exit code 1: port taken');
    await jest.advanceTimersByTimeAsync(16_000);
    await outcome;
    expect(states.filter((state) => state === 'starting').length).toBe(5);
    expect(states.at(-1)).toBe('given up');
  });

  it('does not repeat a start that was not possible at all', async () => {
    const supervisor = supervise({ start: () => Promise.reject(new Error('no such program')) });
    await expect(supervisor.start()).rejects.toThrow('no such program');
    expect(states).toEqual(['starting']);
  });

  it('starts nothing after it was stopped, also while it waits to start again', async () => {
    const supervisor = supervise();
    await supervisor.start();
    parts[0]?.end('was ended by SIGKILL');
    await jest.advanceTimersByTimeAsync(500);
    await supervisor.stop();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(parts.length).toBe(1);
    expect(states.at(-1)).toBe('stopped');
  });

  it('stops the process that runs', async () => {
    const supervisor = supervise();
    await supervisor.start();
    await supervisor.stop();
    expect(parts[0]?.stops).toBe(1);
  });
});

/** Never ready: rejects when it is told to stop waiting. */
function untilTold(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
}

function endsAtOnce(reason: string): RunningPart {
  const part = new FakePart();
  part.end(reason);
  return part;
}
