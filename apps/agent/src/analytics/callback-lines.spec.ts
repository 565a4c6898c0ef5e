import { describe, expect, it } from '@jest/globals';
import { CallbackLines, type Delivery } from './callback-lines.js';
import { Callback, type HttpCallback } from './callback-parameters.js';

const deliver = (url: string, n: number): Delivery => ({
  callback: Callback.parse({ type: 'http', url }) as HttpCallback,
  body: Buffer.from(String(n)),
});
const said = (delivery: Delivery | undefined) => delivery && `${delivery.callback.url} ${delivery.body.toString()}`;

describe('the lines of callbacks', () => {
  it('keep the order of an address, one event of it at a time', () => {
    const lines = new CallbackLines();
    for (const n of [1, 2]) lines.add(deliver('http://a/x', n));
    const first = lines.next('http://a');
    expect([said(first), lines.next('http://a')]).toEqual(['http://a/x 1', undefined]);
    lines.end(first!);
    expect([said(lines.next('http://a')), lines.waiting]).toEqual(['http://a/x 2', 1]);
  });

  it('let the addresses of a server take turns, four at a time', () => {
    const lines = new CallbackLines();
    for (const n of [1, 2]) for (const path of ['a', 'b', 'c', 'd', 'e']) lines.add(deliver(`http://s/${path}`, n));
    const under = Array.from({ length: 5 }, () => lines.next('http://s'));
    expect(under.map(said)).toEqual(['http://s/a 1', 'http://s/b 1', 'http://s/c 1', 'http://s/d 1', undefined]);
    lines.end(under[0]!);
    expect(said(lines.next('http://s'))).toBe('http://s/e 1');
    lines.end(under[1]!);
    expect(said(lines.next('http://s'))).toBe('http://s/a 2');
  });

  it('drop the oldest of an address for which too many wait', () => {
    const lines = new CallbackLines();
    for (let n = 0; n < 32; n++) expect(lines.add(deliver('http://a/', n))).toBeUndefined();
    expect(said(lines.add(deliver('http://a/', 32)))).toBe('http://a/ 0');
  });

  it('drop the oldest of the longest line of the server that most wait for, when there is room for no more', () => {
    const lines = new CallbackLines();
    // 31 at most for each of sixteen addresses of one server, 32 for one of another: the longest line is not where most wait.
    for (let n = 0; n < 31; n++) for (let address = 0; address < 15; address++) lines.add(deliver(`http://dead/${address}`, n));
    for (let n = 0; n < 15; n++) lines.add(deliver('http://dead/15', n));
    for (let n = 0; n < 32; n++) lines.add(deliver('http://other/', n));
    expect(lines.waiting).toBe(512);
    expect(said(lines.add(deliver('http://new/', 1)))).toBe('http://dead/0 0');
    expect(lines.waiting).toBe(512);
  });
});
