import { describe, expect, it } from '@jest/globals';
import { followLiveEdge } from './follow-live-edge.js';

describe('a player of live video', () => {
  it('begins right behind the newest picture, wherever the clock of the stream stands', () => {
    expect(followLiveEdge({ position: 0, bufferedFrom: 900, bufferedTo: 902 })).toEqual({ jumpTo: 901.4 });
    expect(followLiveEdge({ position: 0, bufferedFrom: 900, bufferedTo: 900.25 })).toEqual({ jumpTo: 900 });
  });

  it('plays on where it is near, a little faster when it falls behind, and jumps when it is far', () => {
    expect(followLiveEdge({ position: 901, bufferedFrom: 900, bufferedTo: 902 })).toEqual({ rate: 1 });
    expect(followLiveEdge({ position: 900.5, bufferedFrom: 900, bufferedTo: 902 })).toEqual({ rate: 1.1 });
    expect(followLiveEdge({ position: 900, bufferedFrom: 890, bufferedTo: 904 })).toEqual({ jumpTo: 903.4 });
  });

  it('jumps over what is missing', () => {
    expect(followLiveEdge({ position: 899, bufferedFrom: 900, bufferedTo: 901 })).toEqual({ jumpTo: 900.4 });
  });
});
