import { describe, expect, it } from '@jest/globals';
import { mergeSpans, type Span } from './merge-spans.js';

const span = (fromS: number, toS: number): Span => ({ fromUnixMs: fromS * 1_000, toUnixMs: toS * 1_000 });
const merged = (spans: Span[], range = span(0, 10_000), longestS = 3_600) => mergeSpans(spans, range, { longestMs: longestS * 1_000 });

describe('a time line', () => {
  it('shows files that meet within two seconds as one', () => {
    expect(merged([span(0, 60), span(60, 120), span(122, 180), span(182.1, 200)])).toEqual([span(0, 180), span(182.1, 200)]);
  });

  it('shows of a file that reaches over an end of the range what is in it', () => {
    expect(merged([span(0, 60), span(60, 120), span(300, 360)], span(30, 310))).toEqual([span(30, 120), span(300, 310)]);
    expect(merged([span(0, 60)], span(60, 70))).toEqual([]);
  });

  it('never runs backwards where files overlap', () => {
    expect(merged([span(0, 60), span(10, 30), span(50, 70)])).toEqual([span(0, 70)]);
  });

  it('tells what is too long to be played at once as several', () => {
    expect(merged([span(0, 250)], span(0, 1_000), 100)).toEqual([span(0, 100), span(100, 200), span(200, 250)]);
  });
});
