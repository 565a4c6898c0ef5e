import { describe, expect, it } from '@jest/globals';
import { beforeAll, EventWindow, isBefore, type EventPosition } from './event-window.js';

const at = (xid: number, seq: number): EventPosition => ({ xid: BigInt(xid), seq: BigInt(seq) });

describe('the order of events', () => {
  it('is that of their transactions, and within one that of their numbers', () => {
    expect(isBefore(at(1, 9), at(2, 1))).toBe(true);
    expect(isBefore(at(2, 1), at(1, 9))).toBe(false);
    expect(isBefore(at(2, 1), at(2, 2))).toBe(true);
    expect(isBefore(at(2, 2), at(2, 2))).toBe(false);
  });
});

describe('the window of new events', () => {
  it('gives what is behind a position, also when numbers and transactions cross', () => {
    const window = new EventWindow(10);
    const events = [at(5, 3), at(6, 2), at(6, 4)];
    window.append(events);
    expect(window.after(beforeAll)).toEqual(events);
    expect(window.after(at(5, 3))).toEqual(events.slice(1));
    expect(window.after(at(6, 2))).toEqual(events.slice(2));
    expect(window.after(window.end)).toEqual([]);
    expect(window.after(at(7, 1))).toEqual([]);
  });

  it('sends who is behind it to the rows, and nobody else', () => {
    const window = new EventWindow(2);
    window.append([at(1, 1), at(2, 2)]);
    window.append([at(3, 3)]);
    expect(window.after(beforeAll)).toBeUndefined();
    expect(window.after(at(1, 1))).toEqual([at(2, 2), at(3, 3)]);
  });

  it('begins behind the position that it is told', () => {
    const window = new EventWindow(2);
    window.append([at(1, 1)]);
    window.restart(at(8, 8));
    expect(window.end).toEqual(at(8, 8));
    expect(window.after(at(1, 1))).toBeUndefined();
    expect(window.after(at(8, 8))).toEqual([]);
  });
});
