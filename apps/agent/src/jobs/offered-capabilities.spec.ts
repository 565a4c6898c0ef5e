import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '@nightjar/runtime';
import { OfferedCapabilities } from './offered-capabilities.js';

const persons = { adapter_id: 'a', capabilities: ['person_detection' as const] };
const all = { adapter_id: 'b', capabilities: ['person_detection' as const, 'face_detection' as const] };

function listen() {
  const clock = new FakeClock();
  const offered = new OfferedCapabilities(clock);
  return { clock, offered, hear: (adapter: Parameters<OfferedCapabilities['hear']>[0]) => offered.hear(adapter) };
}

describe('OfferedCapabilities', () => {
  it('does not know that something is lacking while no adapter is heard', () => {
    const { clock, offered } = listen();
    clock.advance(3_600_000);
    expect(offered.lacks('face_detection')).toBe(false);
  });

  it('takes 20 s to believe that no adapter offers something', () => {
    const { clock, offered, hear } = listen();
    for (let seconds = 0; seconds < 20; seconds += 5) {
      hear(persons);
      expect(offered.lacks('face_detection')).toBe(false);
      clock.advance(5_000);
    }
    hear(persons);
    expect(offered.lacks('face_detection')).toBe(true);
    expect(offered.lacks('person_detection')).toBe(false);
  });

  it('waits 20 s for the adapter that has the model to come back, and sees that it is back at once', () => {
    const { clock, offered, hear } = listen();
    hear(all);
    for (let seconds = 0; seconds < 20; seconds += 5) {
      hear(persons);
      expect(offered.lacks('face_detection')).toBe(false);
      clock.advance(5_000);
    }
    hear(persons);
    expect(offered.lacks('face_detection')).toBe(true);
    hear(all);
    expect(offered.lacks('face_detection')).toBe(false);
  });

  it('knows nothing again when all adapters fell silent', () => {
    const { clock, offered, hear } = listen();
    hear(persons);
    clock.advance(30_000);
    expect(offered.lacks('face_detection')).toBe(false);
    hear(persons);
    clock.advance(5_000);
    expect(offered.lacks('face_detection')).toBe(false);
  });
});
