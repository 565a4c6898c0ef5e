import { describe, expect, it } from '@jest/globals';
import { mergeEvent, type EventState } from './merge-event.js';

const opened: EventState = { label: 'person', score: 0.6, endedAt: null, evidenceFile: 'a.jpg', plateText: null, payload: { persons: 1 } };
const end = new Date(1_700_000_000_000);

describe('merging reports of one event', () => {
  it('takes the first report as it is', () => {
    expect(mergeEvent(undefined, opened)).toEqual(opened);
  });

  it('finds nothing new in a report that comes twice', () => {
    expect(mergeEvent(opened, { ...opened, payload: { persons: 1 } })).toBeUndefined();
  });

  it('keeps the best score with its picture', () => {
    expect(mergeEvent(opened, { ...opened, score: 0.9, evidenceFile: 'b.jpg' })).toMatchObject({ score: 0.9, evidenceFile: 'b.jpg' });
    expect(mergeEvent(opened, { ...opened, score: 0.5, evidenceFile: 'b.jpg' })).toBeUndefined();
  });

  it('keeps its picture when a better report brings none, and takes a worse one when it has none', () => {
    expect(mergeEvent(opened, { ...opened, score: 0.9, evidenceFile: null })).toMatchObject({ evidenceFile: 'a.jpg' });
    expect(mergeEvent({ ...opened, evidenceFile: null }, { ...opened, score: 0.2, evidenceFile: 'b.jpg' })).toMatchObject({
      evidenceFile: 'b.jpg',
      score: 0.6,
    });
  });

  it('keeps a number plate that was read once, and takes one that comes late', () => {
    const read = { ...opened, plateText: 'AB1' };
    expect(mergeEvent(read, { ...opened, payload: { persons: 2 } })).toMatchObject({ plateText: 'AB1' });
    expect(mergeEvent(read, { ...opened, plateText: 'AB12' })).toMatchObject({ plateText: 'AB12' });
    expect(mergeEvent({ ...opened, endedAt: end }, read)).toMatchObject({ plateText: 'AB1', endedAt: end });
    expect(mergeEvent({ ...read, endedAt: end }, { ...opened, plateText: 'AB12' })).toBeUndefined();
  });

  it('takes the picture that shows its object better, not the one with the surer object, where both say how well', () => {
    const far = { ...opened, score: 0.9, payload: { picture_rank: 0.02 } };
    const near = { ...opened, score: 0.88, evidenceFile: 'b.jpg', payload: { picture_rank: 0.2 } };
    expect(mergeEvent(far, near)).toMatchObject({ score: 0.9, evidenceFile: 'b.jpg', payload: near.payload });
    expect(mergeEvent(near, far)).toMatchObject({ score: 0.9, evidenceFile: 'b.jpg' });
    // The end says again what the picture is like, and brings none.
    expect(mergeEvent(near, { ...near, score: 0.9, endedAt: end, evidenceFile: null })).toMatchObject({
      score: 0.9,
      evidenceFile: 'b.jpg',
    });
    expect(mergeEvent({ ...opened, payload: {} }, near)).toMatchObject({ score: 0.88, evidenceFile: 'b.jpg' });
  });

  it('never opens again what has ended', () => {
    const closed = { ...opened, endedAt: end, payload: { persons: 2 } };
    expect(mergeEvent(closed, opened)).toBeUndefined();
    expect(mergeEvent(opened, closed)).toEqual(closed);
  });
});
