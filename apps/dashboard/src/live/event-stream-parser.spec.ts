import { describe, expect, it } from '@jest/globals';
import { EventStreamParser } from './event-stream-parser.js';

describe('an event stream', () => {
  it('is read the same, however it is cut into pieces', () => {
    const text = 'retry: 1000\n\nid: 7\nevent: notification\ndata: {"a":1}\n\n: beat\n\nevent: overlay\ndata: x\ndata: y\n\n';
    const expected = [
      { event: 'notification', lastEventId: '7', data: '{"a":1}' },
      { event: 'overlay', lastEventId: '7', data: 'x\ny' },
    ];
    for (let size = 1; size <= text.length; size++) {
      const parser = new EventStreamParser();
      const messages = [];
      for (let at = 0; at < text.length; at += size) messages.push(...parser.push(text.slice(at, at + size)));
      expect(messages).toEqual(expected);
    }
  });

  it('may end its lines with CR LF, also when a piece ends between the two', () => {
    const parser = new EventStreamParser();
    expect(parser.push('data: a\r')).toEqual([]);
    expect(parser.push('\n\r\n')).toEqual([{ event: 'message', lastEventId: undefined, data: 'a' }]);
  });

  it('gives no message without data', () => {
    const parser = new EventStreamParser();
    expect(parser.push('event: gap\nid: 3\n\n')).toEqual([]);
    expect(parser.lastEventId).toBe('3');
  });
});
