import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock, type Logger } from '@nightjar/runtime';
import { LostEventsLog } from './lost-events-log.js';

let clock: FakeClock;
let lines: Record<string, unknown>[];
let log: LostEventsLog;

beforeEach(() => {
  clock = new FakeClock();
  lines = [];
  const logger = { warn: (_message: string, fields: Record<string, unknown>) => void lines.push(fields) } as unknown as Logger;
  log = new LostEventsLog({ clock, logger });
});

const lose = (origin: string) => log.note({ origin, reason: 'this address is not allowed', dropped: 7 });

describe('what the log says of events that are lost', () => {
  it('is a line a minute for each server, with how many it were since the last one', () => {
    for (let second = 0; second < 180; second++) {
      lose('http://10.0.0.1');
      lose('http://10.0.0.1');
      if (second === 30) lose('http://10.0.0.2');
      clock.advance(1_000);
    }
    expect(lines).toEqual([
      { origin: 'http://10.0.0.1', reason: 'this address is not allowed', count: 1, dropped: 7 },
      expect.objectContaining({ origin: 'http://10.0.0.2', count: 1 }),
      expect.objectContaining({ origin: 'http://10.0.0.1', count: 120 }),
      expect.objectContaining({ origin: 'http://10.0.0.1', count: 120 }),
    ]);
  });

  it('remembers so many servers, and not more', () => {
    for (let server = 0; server < 257; server++) lose(`http://host-${server}`);
    lose('http://host-256');
    lose('http://host-1');
    expect(lines).toHaveLength(257);
    lose('http://host-0');
    expect(lines).toHaveLength(258);
  });
});
