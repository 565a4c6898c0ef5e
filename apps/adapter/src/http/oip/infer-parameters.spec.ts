import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { readInferParameters, Sequences } from './infer-parameters.js';

const open = () => {
  const sequences = new Sequences(new FakeClock());
  return (parameters: Record<string, unknown>) => readInferParameters(parameters, sequences);
};

describe('readInferParameters', () => {
  it('keeps the parameters of the protocol from those of the model', () => {
    const options = open()({ binary_data_output: true, priority: 0, timeout: 1_500_000, triton_x: 1, headers: 'x', labels: 'person' });
    expect(options).toEqual({
      allOutputsBinary: true,
      lane: 'live',
      timeoutMs: 1_500,
      session: undefined,
      endingSequence: undefined,
      own: { labels: 'person' },
    });
  });

  it('sends requests of lower priority where they wait for live ones', () => {
    const read = open();
    expect([undefined, 0, 1, 2, 100].map((priority) => read({ priority }).lane)).toEqual(['live', 'live', 'live', 'batch', 'batch']);
  });

  it('knows sessions by sequence, else by session or camera', () => {
    const read = open();
    expect(read({ session: 'mine' }).session).toBe('session:mine');
    expect(read({ camera_id: 'gate' }).session).toBe('camera:gate');
    expect(read({ sequence_id: 0 }).session).toBeUndefined();
    expect(read({ sequence_id: '' }).session).toBeUndefined();
    expect(read({ sequence_id: 7, session: 'mine' }).session).toMatch(/^sequence:/);
    expect(read({ sequence_id: 7 }).session).not.toBe(read({ sequence_id: '7' }).session);
  });

  it('begins a sequence anew at its start, and after its end', () => {
    const sequences = new Sequences(new FakeClock());
    const session = (parameters: object) => readInferParameters({ sequence_id: 'a', ...parameters }, sequences).session;
    const first = session({ sequence_start: true });
    expect(session({})).toBe(first);
    const second = session({ sequence_start: true });
    expect(second).not.toBe(first);
    expect(session({ sequence_end: true })).toBe(second);
    sequences.end(readInferParameters({ sequence_id: 'a', sequence_end: true }, sequences).endingSequence!);
    expect(session({})).not.toBe(second);
  });

  it.each([
    { binary_data_output: 'true' },
    { priority: -1 },
    { priority: 1.5 },
    { timeout: '1' },
    { timeout: -1 },
    { timeout: 1e300 },
    { sequence_id: 'x'.repeat(129) },
    { sequence_id: {} },
    { sequence_start: true },
    { sequence_end: true, sequence_id: 0 },
    { session: 'x'.repeat(129) },
  ])('refuses %j', (parameters) => {
    expect(() => open()(parameters)).toThrow();
  });
});
